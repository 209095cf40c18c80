# shellcheck shell=bash
# Common ground of the program that runs on a relay, as root, for every kind of host.
#
# It arrives on standard input: the program text first, then bundles (see serve.sh), in which "@name" starts a file
# and every line of that file is indented by one space. Answers leave on standard output in the same form.
# Secrets are only ever in the bundle and in files of mode 0600; never in arguments or the environment.
#
# The manifest is in `want`; core/protocol/steps.ts says which step is given what:
#   step                           what to do
#   name interface namespace       its name on this machine, its interface, and the network namespace that it is in
#   etc run                        its folders
#   owner formerOwner              project/stack/relay, as it is called and as the state has it
#   relayId formerRelayId          its own id
#   id                             the resource that acts
#   expected                       the generation that the change was planned on
#   auditMark journal              the record that the change is made under, and how many journal lines the log has
#   table                          the nftables table
#   what record                    of a read: which part, and whether with all that an import needs
#   packages                       of a host: whether missing packages are installed
#   adopts                         the public key of an interface that may be taken over
#   identity                       whether this machine makes the relay's keys
#   role                           leaf: the machine of a managed peer
#   overlap                        for how many seconds a replaced key still works
#   force                          the key epoch that is retired although peers use it
#   confirm                        after how many seconds an unconfirmed change is rolled back
#   undecided                      sources whose elements are not decided by this step
#   do offset length digest        of the mirror of the log
#   sha256                         of the Caddy that was pushed
#   instance                       which machine of a cloud this has to be
#   services                       how many services the relay has
#   edition steps inner outer      of a script: when it was written, its steps, and the key of its receipt's code
#
# Gives: be_strict, refuse, answer, has_command, make_work_folder, app_name, unpack, take_lock, check_generation, check_owner,
#   write_owner, write_mark, bears_mark, install_file, commit, require_set_up, detached, steady_clock, wait_for, alive,
#   write_pid, pause, stop_process, end_process, gone, tell_ready, uses_systemd.
# Needs, of the manifest: name, interface, step, etc, run, expected, relayId, formerRelayId, id, owner, formerOwner,
#   auditMark, namespace.
# Needs, of core/protocol: mark.ts, owner.ts.

# A supervisor runs for years, in which an upgrade may move a tool.
shopt -s checkhash
umask 077
export LC_ALL=C
export PATH="$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/sbin"
# Set by functions that several steps share.
declare -A want=()
work="" etc="" run="" step=""
# The text of this program, in a session.
program=""

# Whatever fails ends the program, which says where.
be_strict() {
    set -Eeuo pipefail
    trap 'failed "$LINENO" "$BASH_COMMAND"' ERR
    trap 'clean_up' EXIT
}
be_strict

# BASH_COMMAND is the text before expansion: variable names, no values.
failed() {
    printf '@error\n %s\n %s\n' "line $1 of the relay program, step ${step:-start}: $2" "${BASH_VERSION}"
    exit 1
}

clean_up() { [[ -z "$work" ]] || rm -rf -- "$work"; }

# refuse PROBLEM FIX: something is in the way and nothing was changed because of it.
refuse() {
    printf '@refused\n %s\n %s\n' "$1" "$2"
    exit 3
}

# answer NAME: standard input becomes one file of the answer.
answer() {
    printf '@%s\n' "$1"
    sed 's/^/ /'
}

# has_command PROGRAM: bash also finds what it cannot run.
has_command() {
    local file
    file=$(type -P -- "$1") && [[ -x "$file" ]]
}

# Each program works in a folder of its own in memory, named after the relay's appName and its process: what a killed one left
# behind, keys among it, is removed by the next program. An appName has no dot, so no relay's folder is called so.
make_work_folder() {
    local prefix folder own=$BASHPID
    prefix=/run/$(app_name).work
    for folder in "$prefix".* "$FORMER_WORK".*; do
        [[ "$folder" =~ work\.([0-9]+)\.[A-Za-z0-9]{8}$ && -d "$folder" ]] || continue
        kill -0 "${BASH_REMATCH[1]}" 2>/dev/null || rm -rf -- "$folder"
    done
    # A guard that an older version left here knows what an update is about to write from there alone.
    ! grep -qs 'mktemp -d "/run/[q]p-tunnel-work' "$etc/program" || prefix=$FORMER_WORK
    work=$(mktemp -d "$prefix.$own.XXXXXXXX")
}

# Where all relays' programs worked once, whatever their appName.
FORMER_WORK=/run/qp-tunnel-work

app_name() { printf '%s' "${want[name]%"-${want[interface]}"}"; }

# The manifest comes first: it says whose work it is.
unpack() {
    local line=""
    until [[ "$line" == @* ]]; do IFS= read -r line || break; done
    [[ "$line" == @manifest ]] || refuse "the bundle does not start with its manifest" "this is a fault of this library; please report it"
    while IFS= read -r line && [[ "$line" == " "* ]]; do
        line=${line# }
        want[${line%%$'\t'*}]=${line#*$'\t'}
        line=""
    done
    step=${want[step]}
    etc=${want[etc]}
    run=${want[run]}
    make_work_folder
    [[ -z "$program" ]] || printf '%s' "$program" >"$work/program"
    { [[ -z "$line" ]] || printf '%s\n' "$line"; cat; } | awk -v dir="$work" '
        /^@/ { if (file != "") close(file); file = dir "/" substr($0, 2); printf "" > file; next }
        file != "" { print substr($0, 2) > file }'
}

# The lock covers the whole transaction; what is started and outlives it must close descriptor 9.
take_lock() {
    install -d -m 0700 -- "$run"
    exec 9>"$run/lock"
    flock -w 30 9 ||
        refuse "another program holds the relay's lock ($run/lock)" "wait until it is done, then apply again"
}

# What was planned holds for the relay as it was seen. Who comes second says so, changes nothing, and looks again.
check_generation() {
    [[ -n "${want[expected]:-}" ]] || return 0
    local generation=0
    [[ ! -f "$etc/generation" ]] || generation=$(<"$etc/generation")
    [[ "$generation" != "${want[expected]}" ]] || return 0
    printf '%s\n' "$generation" | answer stale
    exit 4
}

# The relay's own id decides, or that of a resource that made it, whatever they are called now. The name decides where no id
# does: for a relay that has none yet, and for a state that was lost, where the log has been asked before.
check_owner() {
    [[ -f "$etc/owner" ]] || return 0
    local owner id=""
    owner=$(<"$etc/owner")
    [[ ! -f "$etc/relay-id" ]] || id=$(<"$etc/relay-id")
    case "$id" in "") ;; "${want[relayId]:-}" | "${want[formerRelayId]:-}") return 0 ;; esac
    [[ -z "${want[id]:-}" ]] || ! cat -- "$etc"/mark.* 2>/dev/null | grep -xF -- "${want[id]}" >/dev/null || return 0
    case "$owner" in "${want[owner]}" | "${want[formerOwner]:-${want[owner]}}") return 0 ;; esac
    refuse "$etc belongs to $owner, this is ${want[owner]}" \
        "use another appName or interface; if it is this relay under its former name, give the Relay that name in \`aliases\`"
}

# The relay's id, and the names it has now.
write_owner() {
    keep_file "$etc/owner" "${want[owner]}"
    [[ -z "${want[relayId]:-}" ]] || keep_file "$etc/relay-id" "${want[relayId]}"
}

# keep_file FILE TEXT: written only when it is not there as it should be.
keep_file() {
    [[ -f "$1" && "$(<"$1")" == "$2" && "$(stat -c %a -- "$1")" == 600 ]] || printf '%s\n' "$2" | install_file "$1"
}

# A resource may act on the host only under the id that the host knows it by: create writes the mark,
# and the delete of a replaced resource finds another one and does nothing.
write_mark() { printf '%s\n' "${want[id]}" | install_file "$etc/mark.$1"; }
bears_mark() { [[ -f "$etc/mark.$1" && "$(<"$etc/mark.$1")" == "${want[id]}" ]]; }

# install_file DEST [MODE]: standard input becomes DEST, whole or not at all; also in a condition, where errexit does not count.
install_file() {
    cat >"$1.new" && chmod "${2:-0600}" "$1.new" || return 1
    sync -- "$1.new" 2>/dev/null || true
    mv -f -- "$1.new" "$1"
}

# Every change of ours raises the generation, under the lock, and leaves the audit record it was made under.
commit() {
    local generation=0
    [[ ! -f "$etc/generation" ]] || generation=$(<"$etc/generation")
    printf '%s\n' "$((generation + 1))" | install_file "$etc/generation"
    if [[ -n "${want[auditMark]:-}" ]]; then
        [[ ! -f "$etc/owner" ]] || write_owner
        printf '%s\n' "${want[auditMark]}" | install_file "$etc/audit-mark"
        # The log has both by now.
        rm -f -- "$etc/rolled-back"
        drop_sealed
    fi
    # A file that was put into place is there after a power cut only when its folder was written as well: who was cut
    # stays cut.
    sync -- "$etc" 2>/dev/null || true
    printf '%s\n' "$((generation + 1))" | answer generation
}

require_set_up() {
    [[ -f "$etc/owner" ]] ||
        refuse "$etc does not exist: the machine was rebuilt or its records were removed" \
            "run \`pulumi up --refresh\`, which sets it up again"
}

# detached COMMAND...: a process that outlives this program and holds none of its descriptors.
detached() { setsid -- "$@" </dev/null >/dev/null 2>&1 9>&- & }

# steady_clock: makes SECONDS the machine's uptime, without a process. Bash counts it by the time of day, which may be set back
# by hours while a program waits.
steady_clock() {
    local uptime=0
    read -r uptime _ </proc/uptime || return 1
    SECONDS=${uptime%.*}
}

# wait_for SECONDS COMMAND...: until it succeeds.
wait_for() {
    local deadline
    steady_clock || return 1
    deadline=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        steady_clock || return 1
        ((SECONDS < deadline)) || return 1
        sleep 0.02
    done
}

# Without a process, because the watcher asks all the time.
alive() {
    local pid
    { read -r pid <"$run/$1.pid"; } 2>/dev/null && ! gone "$pid"
}

# write_pid NAME PID: at once, as `alive` must never read half of it: a second process would be started beside the first.
write_pid() { printf '%s\n' "$2" >"$run/$1.pid.$BASHPID" && mv -f -- "$run/$1.pid.$BASHPID" "$run/$1.pid"; }

# pause SECONDS: without a process, and ended by a trap. Nothing is ever written to the pipe.
pause() {
    [[ -n "$never" ]] || exec {never}<> <(:)
    read -rt "$1" -u "$never" _ || true
}
never=""

# stop_process NAME: end a supervised process by the pid it wrote, supervisor first.
stop_process() {
    end_process "$1.supervisor"
    end_process "$1"
}

end_process() {
    local pid
    if alive "$1"; then
        pid=$(<"$run/$1.pid")
        kill -TERM "$pid" 2>/dev/null || true
        # Also one that was made to wait.
        kill -CONT "$pid" 2>/dev/null || true
        wait_for 5 gone "$pid" || kill -KILL "$pid" 2>/dev/null || true
    fi
    rm -f -- "$run/$1.pid"
}

# A process that has ended may stay listed until its parent asks for it.
gone() {
    local state
    { read -r _ _ state _ <"/proc/$1/stat"; } 2>/dev/null || return 0
    [[ "$state" == [ZX] ]]
}

# With systemd, units that wait for this one continue.
tell_ready() { [[ -z "${NOTIFY_SOCKET:-}" ]] || systemd-notify --ready; }
uses_systemd() { [[ -z "${want[namespace]:-}" && -d /run/systemd/system ]]; }
