#compdef comfyui-monitor

autoload -U is-at-least

_comfyui-monitor() {
    typeset -A opt_args
    typeset -a _arguments_options
    local ret=1

    if is-at-least 5.2; then
        _arguments_options=(-s -S -C)
    else
        _arguments_options=(-s -C)
    fi

    local context curcontext="$curcontext" state line
    _arguments "${_arguments_options[@]}" : \
'--config=[The configuration; without it ./comfyui-monitor.toml, if there is one]:FILE:_files' \
'--log=[What to log\: error, warn, info, debug, trace, or by part as in RUST_LOG]:LEVEL:_default' \
'--log-format=[How to log\: text or json]:FORMAT:_default' \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
":: :_comfyui-monitor_commands" \
"*::: :->comfyui-monitor" \
&& ret=0
    case $state in
    (comfyui-monitor)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:comfyui-monitor-command-$line[1]:"
        case $line[1] in
            (serve)
_arguments "${_arguments_options[@]}" : \
'--listen=[Where the page and the API are \[default\: 127.0.0.1\:8190\]]:ADDRESS:_default' \
'--data-dir=[Where everything is kept]:DIR:_files' \
'--token-file=[A file with the token that callers need]:FILE:_files' \
'--timeout=[Interrupt jobs that run longer, as in \`10m\` \[default\: none\]]:TIME:_default' \
'*--comfyui=[The ComfyUI to watch; several may be given \[default\: http\://127.0.0.1\:8188\]]:URL:_default' \
'--config=[The configuration; without it ./comfyui-monitor.toml, if there is one]:FILE:_files' \
'--log=[What to log\: error, warn, info, debug, trace, or by part as in RUST_LOG]:LEVEL:_default' \
'--log-format=[How to log\: text or json]:FORMAT:_default' \
'--demo[With a server of our own that plays recorded jobs\: nothing real runs]' \
'(--demo)--demo-if-away[The demo too, if none of the servers is there yet]' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(monitor)
_arguments "${_arguments_options[@]}" : \
'--bus=[Where events go]:BUS:((eventbridge\:"Amazon EventBridge"))' \
'--event-bus=[The bus, by name or ARN \[default\: EVENTBRIDGE_BUS_NAME\]]:NAME:_default' \
'--region=[\[default\: AWS_REGION, or as the AWS SDK finds it\]]:REGION:_default' \
'--progress=[Which way progress takes to a page\: bus, direct or both \[default\: both\]]:WAY:_default' \
'--id=[What this instance is called everywhere; never change it \[default\: default\]]:ID:_default' \
'--comfyui=[The ComfyUI to watch \[default\: http\://127.0.0.1\:8188\]]:URL:_default' \
'--data-dir=[Where what is not yet published is kept]:DIR:_files' \
'--config=[The configuration; without it ./comfyui-monitor.toml, if there is one]:FILE:_files' \
'--log=[What to log\: error, warn, info, debug, trace, or by part as in RUST_LOG]:LEVEL:_default' \
'--log-format=[How to log\: text or json]:FORMAT:_default' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
&& ret=0
;;
(run)
_arguments "${_arguments_options[@]}" : \
'*--set=[Set an input of a node\: JSON where it is JSON, else text; several may be given]:NODE.INPUT=VALUE:_default' \
'(--comfyui)--server=[The monitor to go through \[default\: the one at the configured address, if it runs\]]:URL:_default' \
'--comfyui=[Go straight to this ComfyUI]:URL:_default' \
'--token-file=[A file with the monitor'\''s token]:FILE:_files' \
'--save=[Save the outputs in this folder]:DIR:_files' \
'--timeout=[Cancel when it takes longer, as in 90s or 10m]:TIME:_default' \
'--config=[The configuration; without it ./comfyui-monitor.toml, if there is one]:FILE:_files' \
'--log=[What to log\: error, warn, info, debug, trace, or by part as in RUST_LOG]:LEVEL:_default' \
'--log-format=[How to log\: text or json]:FORMAT:_default' \
'--json[Print every frame as a line of JSON, and the result last]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':workflow -- JSON in API or editor format, or a PNG or WEBP that carries it:_files' \
&& ret=0
;;
(watch)
_arguments "${_arguments_options[@]}" : \
'--server=[The monitor \[default\: the one at the configured address\]]:URL:_default' \
'--token-file=[A file with its token]:FILE:_files' \
'--config=[The configuration; without it ./comfyui-monitor.toml, if there is one]:FILE:_files' \
'--log=[What to log\: error, warn, info, debug, trace, or by part as in RUST_LOG]:LEVEL:_default' \
'--log-format=[How to log\: text or json]:FORMAT:_default' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(doctor)
_arguments "${_arguments_options[@]}" : \
'*--comfyui=[Ask these servers instead of the configured ones]:URL:_default' \
'--listen=[As for \`serve\`]:ADDRESS:_default' \
'--data-dir=[As for \`serve\`]:DIR:_files' \
'--config=[The configuration; without it ./comfyui-monitor.toml, if there is one]:FILE:_files' \
'--log=[What to log\: error, warn, info, debug, trace, or by part as in RUST_LOG]:LEVEL:_default' \
'--log-format=[How to log\: text or json]:FORMAT:_default' \
'--quick[Do not ask for the node classes\: a server builds them for seconds, and says nothing to anybody meanwhile]' \
'--json[Print the findings as JSON]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
&& ret=0
;;
(check-config)
_arguments "${_arguments_options[@]}" : \
'--listen=[As for \`serve\`]:ADDRESS:_default' \
'--data-dir=[As for \`serve\`]:DIR:_files' \
'--token-file=[As for \`serve\`]:FILE:_files' \
'--timeout=[As for \`serve\`]:TIME:_default' \
'*--comfyui=[As for \`serve\`]:URL:_default' \
'--config=[The configuration; without it ./comfyui-monitor.toml, if there is one]:FILE:_files' \
'--log=[What to log\: error, warn, info, debug, trace, or by part as in RUST_LOG]:LEVEL:_default' \
'--log-format=[How to log\: text or json]:FORMAT:_default' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
&& ret=0
;;
(record)
_arguments "${_arguments_options[@]}" : \
'*--workflow=[Submit this workflow (API format, or a file that carries it); several may be given]:FILE:_files' \
'--comfyui=[The server \[default\: the first configured one\]]:URL:_default' \
'--for=[End after so long, whatever happens]:TIME:_default' \
'--config=[The configuration; without it ./comfyui-monitor.toml, if there is one]:FILE:_files' \
'--log=[What to log\: error, warn, info, debug, trace, or by part as in RUST_LOG]:LEVEL:_default' \
'--log-format=[How to log\: text or json]:FORMAT:_default' \
'--preview-metadata[Ask for previews that name their node (type 4 instead of type 1)]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':folder -- The folder of the recording, to be made:_files' \
&& ret=0
;;
(replay)
_arguments "${_arguments_options[@]}" : \
'--listen=[Where to be a ComfyUI]:ADDRESS:_default' \
'--speed=[2 is twice as fast as recorded, 0 as fast as possible]:SPEED:_default' \
'--comfyui-version=[The ComfyUI version to be]:VERSION:_default' \
'--seed=[For everything random]:SEED:_default' \
'--drop=[Probability from 0 to 1 that a message is lost]:P:_default' \
'--duplicate=[Probability that a message comes twice]:P:_default' \
'--reorder=[Probability that a message changes places with the next]:P:_default' \
'*--cut-after=[Cut the WebSocket after so many messages; several times]:N:_default' \
'--stall-after=[Say nothing more after so many messages, as a server with a hanging client]:N:_default' \
'--forget-after=[Forget the WebSocket after so many messages\: open, but deaf]:N:_default' \
'--kill-after=[Die after so many messages of jobs]:N:_default' \
'--down-for=[Come back so much later]:TIME:_default' \
'--object-info-takes=[Take so long for /object_info]:TIME:_default' \
'--want-token=[Want \`Authorization\: Bearer TOKEN\`]:TOKEN:_default' \
'--config=[The configuration; without it ./comfyui-monitor.toml, if there is one]:FILE:_files' \
'--log=[What to log\: error, warn, info, debug, trace, or by part as in RUST_LOG]:LEVEL:_default' \
'--log-format=[How to log\: text or json]:FORMAT:_default' \
'--loop[Begin again at the end]' \
'--wait[Play nothing by itself\: wait for workflows]' \
'--validate[Judge workflows by the recorded node classes, as ComfyUI does]' \
'--old-messages[Speak as before 0.3.45\: no progress_state]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'*::tapes -- Folders of recordings (or their trace.jsonl):_files' \
&& ret=0
;;
(eval)
_arguments "${_arguments_options[@]}" : \
'--csv=[Write a row for every change that was shown\: job_id,t,percent,eta_low,eta_high]:FILE:_files' \
'--config=[The configuration; without it ./comfyui-monitor.toml, if there is one]:FILE:_files' \
'--log=[What to log\: error, warn, info, debug, trace, or by part as in RUST_LOG]:LEVEL:_default' \
'--log-format=[How to log\: text or json]:FORMAT:_default' \
'--keep-history[Each session begins with what those before it taught]' \
'(--keep-history)--leave-one-out[Measure each session a second time after all others given, and compare]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'*::sessions -- Folders of recorded sessions, in the order in which they are replayed:_files' \
&& ret=0
;;
(completions)
_arguments "${_arguments_options[@]}" : \
'--config=[The configuration; without it ./comfyui-monitor.toml, if there is one]:FILE:_files' \
'--log=[What to log\: error, warn, info, debug, trace, or by part as in RUST_LOG]:LEVEL:_default' \
'--log-format=[How to log\: text or json]:FORMAT:_default' \
'-h[Print help]' \
'--help[Print help]' \
':shell:(bash elvish fish powershell zsh)' \
&& ret=0
;;
(man)
_arguments "${_arguments_options[@]}" : \
'--to=[Write the pages of all commands into this folder]:DIR:_files' \
'--config=[The configuration; without it ./comfyui-monitor.toml, if there is one]:FILE:_files' \
'--log=[What to log\: error, warn, info, debug, trace, or by part as in RUST_LOG]:LEVEL:_default' \
'--log-format=[How to log\: text or json]:FORMAT:_default' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(openapi)
_arguments "${_arguments_options[@]}" : \
'--config=[The configuration; without it ./comfyui-monitor.toml, if there is one]:FILE:_files' \
'--log=[What to log\: error, warn, info, debug, trace, or by part as in RUST_LOG]:LEVEL:_default' \
'--log-format=[How to log\: text or json]:FORMAT:_default' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
":: :_comfyui-monitor__subcmd__help_commands" \
"*::: :->help" \
&& ret=0

    case $state in
    (help)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:comfyui-monitor-help-command-$line[1]:"
        case $line[1] in
            (serve)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(monitor)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(run)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(watch)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(doctor)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(check-config)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(record)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(replay)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(eval)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(completions)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(man)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(openapi)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
        esac
    ;;
esac
}

(( $+functions[_comfyui-monitor_commands] )) ||
_comfyui-monitor_commands() {
    local commands; commands=(
'serve:Watch the servers, keep what happens, and serve the page and the API' \
'monitor:Watch a ComfyUI that nobody else can reach, and publish what happens' \
'run:Run one workflow and show its progress' \
'watch:Watch all jobs of a running monitor, live' \
'doctor:Find out what is wrong, and how to mend it' \
'check-config:Print the resulting configuration and where each value came from' \
'record:Record a live ComfyUI server as a tape' \
'replay:Play a recording as a fake ComfyUI server' \
'eval:Measure percent and time left on recorded sessions' \
'completions:Print completions for a shell' \
'man:Print the manual page' \
'openapi:Print the OpenAPI document of the HTTP API' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'comfyui-monitor commands' commands "$@"
}
(( $+functions[_comfyui-monitor__subcmd__check-config_commands] )) ||
_comfyui-monitor__subcmd__check-config_commands() {
    local commands; commands=()
    _describe -t commands 'comfyui-monitor check-config commands' commands "$@"
}
(( $+functions[_comfyui-monitor__subcmd__completions_commands] )) ||
_comfyui-monitor__subcmd__completions_commands() {
    local commands; commands=()
    _describe -t commands 'comfyui-monitor completions commands' commands "$@"
}
(( $+functions[_comfyui-monitor__subcmd__doctor_commands] )) ||
_comfyui-monitor__subcmd__doctor_commands() {
    local commands; commands=()
    _describe -t commands 'comfyui-monitor doctor commands' commands "$@"
}
(( $+functions[_comfyui-monitor__subcmd__eval_commands] )) ||
_comfyui-monitor__subcmd__eval_commands() {
    local commands; commands=()
    _describe -t commands 'comfyui-monitor eval commands' commands "$@"
}
(( $+functions[_comfyui-monitor__subcmd__help_commands] )) ||
_comfyui-monitor__subcmd__help_commands() {
    local commands; commands=(
'serve:Watch the servers, keep what happens, and serve the page and the API' \
'monitor:Watch a ComfyUI that nobody else can reach, and publish what happens' \
'run:Run one workflow and show its progress' \
'watch:Watch all jobs of a running monitor, live' \
'doctor:Find out what is wrong, and how to mend it' \
'check-config:Print the resulting configuration and where each value came from' \
'record:Record a live ComfyUI server as a tape' \
'replay:Play a recording as a fake ComfyUI server' \
'eval:Measure percent and time left on recorded sessions' \
'completions:Print completions for a shell' \
'man:Print the manual page' \
'openapi:Print the OpenAPI document of the HTTP API' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'comfyui-monitor help commands' commands "$@"
}
(( $+functions[_comfyui-monitor__subcmd__help__subcmd__check-config_commands] )) ||
_comfyui-monitor__subcmd__help__subcmd__check-config_commands() {
    local commands; commands=()
    _describe -t commands 'comfyui-monitor help check-config commands' commands "$@"
}
(( $+functions[_comfyui-monitor__subcmd__help__subcmd__completions_commands] )) ||
_comfyui-monitor__subcmd__help__subcmd__completions_commands() {
    local commands; commands=()
    _describe -t commands 'comfyui-monitor help completions commands' commands "$@"
}
(( $+functions[_comfyui-monitor__subcmd__help__subcmd__doctor_commands] )) ||
_comfyui-monitor__subcmd__help__subcmd__doctor_commands() {
    local commands; commands=()
    _describe -t commands 'comfyui-monitor help doctor commands' commands "$@"
}
(( $+functions[_comfyui-monitor__subcmd__help__subcmd__eval_commands] )) ||
_comfyui-monitor__subcmd__help__subcmd__eval_commands() {
    local commands; commands=()
    _describe -t commands 'comfyui-monitor help eval commands' commands "$@"
}
(( $+functions[_comfyui-monitor__subcmd__help__subcmd__help_commands] )) ||
_comfyui-monitor__subcmd__help__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'comfyui-monitor help help commands' commands "$@"
}
(( $+functions[_comfyui-monitor__subcmd__help__subcmd__man_commands] )) ||
_comfyui-monitor__subcmd__help__subcmd__man_commands() {
    local commands; commands=()
    _describe -t commands 'comfyui-monitor help man commands' commands "$@"
}
(( $+functions[_comfyui-monitor__subcmd__help__subcmd__monitor_commands] )) ||
_comfyui-monitor__subcmd__help__subcmd__monitor_commands() {
    local commands; commands=()
    _describe -t commands 'comfyui-monitor help monitor commands' commands "$@"
}
(( $+functions[_comfyui-monitor__subcmd__help__subcmd__openapi_commands] )) ||
_comfyui-monitor__subcmd__help__subcmd__openapi_commands() {
    local commands; commands=()
    _describe -t commands 'comfyui-monitor help openapi commands' commands "$@"
}
(( $+functions[_comfyui-monitor__subcmd__help__subcmd__record_commands] )) ||
_comfyui-monitor__subcmd__help__subcmd__record_commands() {
    local commands; commands=()
    _describe -t commands 'comfyui-monitor help record commands' commands "$@"
}
(( $+functions[_comfyui-monitor__subcmd__help__subcmd__replay_commands] )) ||
_comfyui-monitor__subcmd__help__subcmd__replay_commands() {
    local commands; commands=()
    _describe -t commands 'comfyui-monitor help replay commands' commands "$@"
}
(( $+functions[_comfyui-monitor__subcmd__help__subcmd__run_commands] )) ||
_comfyui-monitor__subcmd__help__subcmd__run_commands() {
    local commands; commands=()
    _describe -t commands 'comfyui-monitor help run commands' commands "$@"
}
(( $+functions[_comfyui-monitor__subcmd__help__subcmd__serve_commands] )) ||
_comfyui-monitor__subcmd__help__subcmd__serve_commands() {
    local commands; commands=()
    _describe -t commands 'comfyui-monitor help serve commands' commands "$@"
}
(( $+functions[_comfyui-monitor__subcmd__help__subcmd__watch_commands] )) ||
_comfyui-monitor__subcmd__help__subcmd__watch_commands() {
    local commands; commands=()
    _describe -t commands 'comfyui-monitor help watch commands' commands "$@"
}
(( $+functions[_comfyui-monitor__subcmd__man_commands] )) ||
_comfyui-monitor__subcmd__man_commands() {
    local commands; commands=()
    _describe -t commands 'comfyui-monitor man commands' commands "$@"
}
(( $+functions[_comfyui-monitor__subcmd__monitor_commands] )) ||
_comfyui-monitor__subcmd__monitor_commands() {
    local commands; commands=()
    _describe -t commands 'comfyui-monitor monitor commands' commands "$@"
}
(( $+functions[_comfyui-monitor__subcmd__openapi_commands] )) ||
_comfyui-monitor__subcmd__openapi_commands() {
    local commands; commands=()
    _describe -t commands 'comfyui-monitor openapi commands' commands "$@"
}
(( $+functions[_comfyui-monitor__subcmd__record_commands] )) ||
_comfyui-monitor__subcmd__record_commands() {
    local commands; commands=()
    _describe -t commands 'comfyui-monitor record commands' commands "$@"
}
(( $+functions[_comfyui-monitor__subcmd__replay_commands] )) ||
_comfyui-monitor__subcmd__replay_commands() {
    local commands; commands=()
    _describe -t commands 'comfyui-monitor replay commands' commands "$@"
}
(( $+functions[_comfyui-monitor__subcmd__run_commands] )) ||
_comfyui-monitor__subcmd__run_commands() {
    local commands; commands=()
    _describe -t commands 'comfyui-monitor run commands' commands "$@"
}
(( $+functions[_comfyui-monitor__subcmd__serve_commands] )) ||
_comfyui-monitor__subcmd__serve_commands() {
    local commands; commands=()
    _describe -t commands 'comfyui-monitor serve commands' commands "$@"
}
(( $+functions[_comfyui-monitor__subcmd__watch_commands] )) ||
_comfyui-monitor__subcmd__watch_commands() {
    local commands; commands=()
    _describe -t commands 'comfyui-monitor watch commands' commands "$@"
}

if [ "$funcstack[1]" = "_comfyui-monitor" ]; then
    _comfyui-monitor "$@"
else
    compdef _comfyui-monitor comfyui-monitor
fi
