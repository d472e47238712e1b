#!/usr/bin/env bash
# Runs the monitor beside ComfyUI on a GPU pod: waits for ComfyUI, starts the monitor again when it ends, and when the pod
# is told to stop lets it say what it has still to say. Arguments go to `comfyui-monitor monitor`; after `--` comes the
# command that is ComfyUI, if this is to start and stop it too (only the first process of a container is told to stop):
#
#   exec ./start.sh --id gpu-1 -- python main.py --listen 127.0.0.1
#
# COMFYUI_HOST, COMFYUI_PORT  where ComfyUI is (127.0.0.1, 8188)
# MONITOR_PROGRAM             the monitor (comfyui-monitor beside this script, else the one in PATH)
# MONITOR_WAIT_SECONDS        how long to wait for ComfyUI; then the monitor does (600)
# MONITOR_GOODBYE_SECONDS     how long it may take to end when told to (30)
# MONITOR_VOLUME              what outlives the container, if it is there: data goes below it (/workspace, as on RunPod)
# All else is the monitor's own (docs/sidecar.md).
set -u

host=${COMFYUI_HOST:-127.0.0.1}
port=${COMFYUI_PORT:-8188}
wait_seconds=${MONITOR_WAIT_SECONDS:-600}
goodbye_seconds=${MONITOR_GOODBYE_SECONDS:-30}
volume=${MONITOR_VOLUME:-/workspace}
# Between two starts, at first and at most. One that ran for so long was well.
pause_first=1
pause_most=60

program=${MONITOR_PROGRAM:-}
if [[ -z $program ]]; then
    program=$(dirname "${BASH_SOURCE[0]}")/comfyui-monitor
    [[ -x $program ]] || program=comfyui-monitor
fi

say() { echo "start.sh: $*" >&2; }

told=
woken=

# Until a process has ended; its code is ours.
ended() {
    local code
    while :; do
        woken=
        wait "$1"
        code=$?
        # A signal ends the wait and not the process.
        [[ -n $woken ]] || return "$code"
    done
}

arguments=()
while (($#)) && [[ $1 != -- ]]; do
    arguments+=("$1")
    shift
done

if (($# > 1)); then
    shift
    trap 'told=1 woken=1; kill -TERM $(jobs -p) 2>/dev/null' TERM INT
    "$@" &
    server=$!
    "${BASH_SOURCE[0]}" "${arguments[@]}" &
    monitor=$!
    # Told in the moment before there were any.
    # shellcheck disable=SC2046  # These are several.
    [[ -z $told ]] || kill -TERM $(jobs -p) 2>/dev/null
    # Whatever becomes of the monitor, ComfyUI goes on.
    ended "$server"
    code=$?
    kill -TERM "$monitor" 2>/dev/null
    ended "$monitor"
    exit "$code"
fi

# The instance's name, or else the pod's.
own_name() {
    local name=${RUNPOD_POD_ID:-$HOSTNAME}
    while (($#)); do
        case $1 in
        --id) name=${2:-$name} ;;
        --id=*) name=${1#--id=} ;;
        esac
        shift
    done
    echo "$name"
}

# What is not yet published must outlive the container, and pods may share a volume.
if [[ -z ${COMFYUI_MONITOR_DATA_DIR:-} && -d $volume && -w $volume ]]; then
    COMFYUI_MONITOR_DATA_DIR=$volume/comfyui-monitor/$(own_name "${arguments[@]}")
    export COMFYUI_MONITOR_DATA_DIR
fi

child=
killer=

stop() {
    woken=1
    [[ -z $told ]] || return 0
    told=1
    end_child
}

end_child() {
    [[ -n $child ]] || return 0
    kill -TERM "$child" 2>/dev/null
    # Its output is nobody's: a reader of ours must not wait for it.
    { sleep "$goodbye_seconds" && kill -KILL "$child"; } >/dev/null 2>&1 &
    killer=$!
}

trap stop TERM INT

# Sleeps, and hears signals meanwhile.
pause() {
    sleep "$1" &
    local sleeper=$!
    wait "$sleeper"
    kill "$sleeper" 2>/dev/null
}

# shellcheck disable=SC2016  # The inner shell expands it.
is_listening() { timeout 2 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$host" "$port" 2>/dev/null; }

wait_for_comfyui() {
    local until=$((SECONDS + wait_seconds))
    while [[ -z $told ]] && ! is_listening; do
        if ((SECONDS >= until)); then
            say "no ComfyUI at $host:$port yet; the monitor goes on waiting for it"
            return
        fi
        pause 1
    done
}

# Runs the monitor to its end; its code is ours.
run() {
    "$program" monitor --bus eventbridge "$@" &
    child=$!
    # Told in the moment before there was a child.
    [[ -z $told ]] || end_child
    ended "$child"
    local code=$?
    child=
    [[ -z $killer ]] || kill "$killer" 2>/dev/null
    return "$code"
}

wait_for_comfyui
next=$pause_first
while [[ -z $told ]]; do
    since=$SECONDS
    run "${arguments[@]}"
    code=$?
    case $code in
    # It was told to stop, by us or by somebody else.
    0) exit 0 ;;
    2)
        say "the configuration has to be mended first"
        exit 2
        ;;
    126 | 127)
        say "$program cannot be run"
        exit "$code"
        ;;
    esac
    [[ -z $told ]] || exit "$code"
    ((SECONDS - since < pause_most)) || next=$pause_first
    say "the monitor ended with $code; starting it again in $next s"
    pause "$next"
    next=$((next * 2 < pause_most ? next * 2 : pause_most))
done
