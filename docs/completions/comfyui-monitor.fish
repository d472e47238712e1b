# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_comfyui_monitor_global_optspecs
    string join \n config= log= log-format= h/help V/version
end

function __fish_comfyui_monitor_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_comfyui_monitor_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_comfyui_monitor_using_subcommand
    set -l cmd (__fish_comfyui_monitor_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c comfyui-monitor -n "__fish_comfyui_monitor_needs_command" -l config -d 'The configuration; without it ./comfyui-monitor.toml, if there is one' -r -F
complete -c comfyui-monitor -n "__fish_comfyui_monitor_needs_command" -l log -d 'What to log: error, warn, info, debug, trace, or by part as in RUST_LOG' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_needs_command" -l log-format -d 'How to log: text or json' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_needs_command" -s h -l help -d 'Print help'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_needs_command" -s V -l version -d 'Print version'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_needs_command" -f -a "serve" -d 'Watch the servers, keep what happens, and serve the page and the API'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_needs_command" -f -a "monitor" -d 'Watch a ComfyUI that nobody else can reach, and publish what happens'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_needs_command" -f -a "run" -d 'Run one workflow and show its progress'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_needs_command" -f -a "watch" -d 'Watch all jobs of a running monitor, live'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_needs_command" -f -a "doctor" -d 'Find out what is wrong, and how to mend it'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_needs_command" -f -a "check-config" -d 'Print the resulting configuration and where each value came from'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_needs_command" -f -a "record" -d 'Record a live ComfyUI server as a tape'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_needs_command" -f -a "replay" -d 'Play a recording as a fake ComfyUI server'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_needs_command" -f -a "eval" -d 'Measure percent and time left on recorded sessions'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_needs_command" -f -a "completions" -d 'Print completions for a shell'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_needs_command" -f -a "man" -d 'Print the manual page'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_needs_command" -f -a "openapi" -d 'Print the OpenAPI document of the HTTP API'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand serve" -l listen -d 'Where the page and the API are [default: 127.0.0.1:8190]' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand serve" -l data-dir -d 'Where everything is kept' -r -F
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand serve" -l token-file -d 'A file with the token that callers need' -r -F
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand serve" -l timeout -d 'Interrupt jobs that run longer, as in `10m` [default: none]' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand serve" -l comfyui -d 'The ComfyUI to watch; several may be given [default: http://127.0.0.1:8188]' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand serve" -l config -d 'The configuration; without it ./comfyui-monitor.toml, if there is one' -r -F
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand serve" -l log -d 'What to log: error, warn, info, debug, trace, or by part as in RUST_LOG' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand serve" -l log-format -d 'How to log: text or json' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand serve" -l demo -d 'With a server of our own that plays recorded jobs: nothing real runs'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand serve" -l demo-if-away -d 'The demo too, if none of the servers is there yet'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand serve" -s h -l help -d 'Print help'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand monitor" -l bus -d 'Where events go' -r -f -a "eventbridge\t'Amazon EventBridge'"
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand monitor" -l event-bus -d 'The bus, by name or ARN [default: EVENTBRIDGE_BUS_NAME]' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand monitor" -l region -d '[default: AWS_REGION, or as the AWS SDK finds it]' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand monitor" -l progress -d 'Which way progress takes to a page: bus, direct or both [default: both]' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand monitor" -l id -d 'What this instance is called everywhere; never change it [default: default]' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand monitor" -l comfyui -d 'The ComfyUI to watch [default: http://127.0.0.1:8188]' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand monitor" -l data-dir -d 'Where what is not yet published is kept' -r -F
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand monitor" -l config -d 'The configuration; without it ./comfyui-monitor.toml, if there is one' -r -F
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand monitor" -l log -d 'What to log: error, warn, info, debug, trace, or by part as in RUST_LOG' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand monitor" -l log-format -d 'How to log: text or json' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand monitor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand run" -l set -d 'Set an input of a node: JSON where it is JSON, else text; several may be given' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand run" -l server -d 'The monitor to go through [default: the one at the configured address, if it runs]' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand run" -l comfyui -d 'Go straight to this ComfyUI' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand run" -l token-file -d 'A file with the monitor\'s token' -r -F
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand run" -l save -d 'Save the outputs in this folder' -r -F
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand run" -l timeout -d 'Cancel when it takes longer, as in 90s or 10m' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand run" -l config -d 'The configuration; without it ./comfyui-monitor.toml, if there is one' -r -F
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand run" -l log -d 'What to log: error, warn, info, debug, trace, or by part as in RUST_LOG' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand run" -l log-format -d 'How to log: text or json' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand run" -l json -d 'Print every frame as a line of JSON, and the result last'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand watch" -l server -d 'The monitor [default: the one at the configured address]' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand watch" -l token-file -d 'A file with its token' -r -F
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand watch" -l config -d 'The configuration; without it ./comfyui-monitor.toml, if there is one' -r -F
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand watch" -l log -d 'What to log: error, warn, info, debug, trace, or by part as in RUST_LOG' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand watch" -l log-format -d 'How to log: text or json' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand watch" -s h -l help -d 'Print help'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand doctor" -l comfyui -d 'Ask these servers instead of the configured ones' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand doctor" -l listen -d 'As for `serve`' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand doctor" -l data-dir -d 'As for `serve`' -r -F
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand doctor" -l config -d 'The configuration; without it ./comfyui-monitor.toml, if there is one' -r -F
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand doctor" -l log -d 'What to log: error, warn, info, debug, trace, or by part as in RUST_LOG' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand doctor" -l log-format -d 'How to log: text or json' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand doctor" -l quick -d 'Do not ask for the node classes: a server builds them for seconds, and says nothing to anybody meanwhile'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand doctor" -l json -d 'Print the findings as JSON'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand check-config" -l listen -d 'As for `serve`' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand check-config" -l data-dir -d 'As for `serve`' -r -F
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand check-config" -l token-file -d 'As for `serve`' -r -F
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand check-config" -l timeout -d 'As for `serve`' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand check-config" -l comfyui -d 'As for `serve`' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand check-config" -l config -d 'The configuration; without it ./comfyui-monitor.toml, if there is one' -r -F
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand check-config" -l log -d 'What to log: error, warn, info, debug, trace, or by part as in RUST_LOG' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand check-config" -l log-format -d 'How to log: text or json' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand check-config" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand record" -l workflow -d 'Submit this workflow (API format, or a file that carries it); several may be given' -r -F
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand record" -l comfyui -d 'The server [default: the first configured one]' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand record" -l for -d 'End after so long, whatever happens' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand record" -l config -d 'The configuration; without it ./comfyui-monitor.toml, if there is one' -r -F
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand record" -l log -d 'What to log: error, warn, info, debug, trace, or by part as in RUST_LOG' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand record" -l log-format -d 'How to log: text or json' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand record" -l preview-metadata -d 'Ask for previews that name their node (type 4 instead of type 1)'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand record" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand replay" -l listen -d 'Where to be a ComfyUI' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand replay" -l speed -d '2 is twice as fast as recorded, 0 as fast as possible' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand replay" -l comfyui-version -d 'The ComfyUI version to be' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand replay" -l seed -d 'For everything random' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand replay" -l drop -d 'Probability from 0 to 1 that a message is lost' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand replay" -l duplicate -d 'Probability that a message comes twice' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand replay" -l reorder -d 'Probability that a message changes places with the next' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand replay" -l cut-after -d 'Cut the WebSocket after so many messages; several times' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand replay" -l stall-after -d 'Say nothing more after so many messages, as a server with a hanging client' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand replay" -l forget-after -d 'Forget the WebSocket after so many messages: open, but deaf' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand replay" -l kill-after -d 'Die after so many messages of jobs' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand replay" -l down-for -d 'Come back so much later' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand replay" -l object-info-takes -d 'Take so long for /object_info' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand replay" -l want-token -d 'Want `Authorization: Bearer TOKEN`' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand replay" -l config -d 'The configuration; without it ./comfyui-monitor.toml, if there is one' -r -F
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand replay" -l log -d 'What to log: error, warn, info, debug, trace, or by part as in RUST_LOG' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand replay" -l log-format -d 'How to log: text or json' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand replay" -l loop -d 'Begin again at the end'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand replay" -l wait -d 'Play nothing by itself: wait for workflows'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand replay" -l validate -d 'Judge workflows by the recorded node classes, as ComfyUI does'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand replay" -l old-messages -d 'Speak as before 0.3.45: no progress_state'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand replay" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand eval" -l csv -d 'Write a row for every change that was shown: job_id,t,percent,eta_low,eta_high' -r -F
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand eval" -l config -d 'The configuration; without it ./comfyui-monitor.toml, if there is one' -r -F
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand eval" -l log -d 'What to log: error, warn, info, debug, trace, or by part as in RUST_LOG' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand eval" -l log-format -d 'How to log: text or json' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand eval" -l keep-history -d 'Each session begins with what those before it taught'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand eval" -l leave-one-out -d 'Measure each session a second time after all others given, and compare'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand eval" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand completions" -l config -d 'The configuration; without it ./comfyui-monitor.toml, if there is one' -r -F
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand completions" -l log -d 'What to log: error, warn, info, debug, trace, or by part as in RUST_LOG' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand completions" -l log-format -d 'How to log: text or json' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand completions" -s h -l help -d 'Print help'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand man" -l to -d 'Write the pages of all commands into this folder' -r -F
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand man" -l config -d 'The configuration; without it ./comfyui-monitor.toml, if there is one' -r -F
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand man" -l log -d 'What to log: error, warn, info, debug, trace, or by part as in RUST_LOG' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand man" -l log-format -d 'How to log: text or json' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand man" -s h -l help -d 'Print help'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand openapi" -l config -d 'The configuration; without it ./comfyui-monitor.toml, if there is one' -r -F
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand openapi" -l log -d 'What to log: error, warn, info, debug, trace, or by part as in RUST_LOG' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand openapi" -l log-format -d 'How to log: text or json' -r
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand openapi" -s h -l help -d 'Print help'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand help; and not __fish_seen_subcommand_from serve monitor run watch doctor check-config record replay eval completions man openapi help" -f -a "serve" -d 'Watch the servers, keep what happens, and serve the page and the API'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand help; and not __fish_seen_subcommand_from serve monitor run watch doctor check-config record replay eval completions man openapi help" -f -a "monitor" -d 'Watch a ComfyUI that nobody else can reach, and publish what happens'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand help; and not __fish_seen_subcommand_from serve monitor run watch doctor check-config record replay eval completions man openapi help" -f -a "run" -d 'Run one workflow and show its progress'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand help; and not __fish_seen_subcommand_from serve monitor run watch doctor check-config record replay eval completions man openapi help" -f -a "watch" -d 'Watch all jobs of a running monitor, live'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand help; and not __fish_seen_subcommand_from serve monitor run watch doctor check-config record replay eval completions man openapi help" -f -a "doctor" -d 'Find out what is wrong, and how to mend it'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand help; and not __fish_seen_subcommand_from serve monitor run watch doctor check-config record replay eval completions man openapi help" -f -a "check-config" -d 'Print the resulting configuration and where each value came from'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand help; and not __fish_seen_subcommand_from serve monitor run watch doctor check-config record replay eval completions man openapi help" -f -a "record" -d 'Record a live ComfyUI server as a tape'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand help; and not __fish_seen_subcommand_from serve monitor run watch doctor check-config record replay eval completions man openapi help" -f -a "replay" -d 'Play a recording as a fake ComfyUI server'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand help; and not __fish_seen_subcommand_from serve monitor run watch doctor check-config record replay eval completions man openapi help" -f -a "eval" -d 'Measure percent and time left on recorded sessions'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand help; and not __fish_seen_subcommand_from serve monitor run watch doctor check-config record replay eval completions man openapi help" -f -a "completions" -d 'Print completions for a shell'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand help; and not __fish_seen_subcommand_from serve monitor run watch doctor check-config record replay eval completions man openapi help" -f -a "man" -d 'Print the manual page'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand help; and not __fish_seen_subcommand_from serve monitor run watch doctor check-config record replay eval completions man openapi help" -f -a "openapi" -d 'Print the OpenAPI document of the HTTP API'
complete -c comfyui-monitor -n "__fish_comfyui_monitor_using_subcommand help; and not __fish_seen_subcommand_from serve monitor run watch doctor check-config record replay eval completions man openapi help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
