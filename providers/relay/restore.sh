# shellcheck shell=bash
# What the watcher does about changes by others. With the relay's lock it restores what was last applied, from the
# current files; where it cannot, and while an update holds the lock, it closes: the interface goes down. It adds nothing that
# these files do not hold.
#
# Gives: watch_guard, try_lock, are_guarded, is_up, is_filled, supervise, close_because, note, take_notes.
# Needs, of the manifest: table.
# Needs, of core/protocol: journal.ts, renewals.ts.

# What `watch_guard` exits with when it has to look again soon.
UNSETTLED=10

watch_guard() {
    is_installed || return 0
    read_table
    # Files that cannot be loaded are no reason to change a table that is as it was.
    [[ ! -s "$work/table.live" ]] || read_reference || true
    if [[ -s "$work/table.live" ]] && is_table_as_applied && is_rest_as_applied; then
        rm -f -- "$run/guard.former"
        return 0
    fi
    if [[ ! -s "$work/table.live" ]]; then
        try_lock 0 || close_unsettled "the table was gone while an update was under way"
    elif ! try_lock 0.7; then
        close_opened
        exit "$UNSETTLED"
    fi
    # An update may have been in the middle of a change.
    is_installed || return 0
    read_table
    [[ ! -s "$work/table.live" ]] || read_reference || true
    take_notes
    restore_table
    restore_interfaces
    restore_processes
    [[ -z "$unsettled" ]] && is_rest_as_applied || exit "$UNSETTLED"
}
unsettled=""

# All but the table.
is_rest_as_applied() {
    local device
    ! rotating || is_rotation_whole || return 1
    for device in $(interfaces); do ! is_kept "$device" || is_up "$device" || return 1; done
    all_run && rollback_runs && [[ ! -s "$run/noted" ]]
}

# try_lock SECONDS: whether the lock is ours, after so long at most.
try_lock() {
    exec 9>"$run/lock" || return 1
    flock -w "$1" 9 || return 1
    locked=1
}
locked=""

# From $work/table.live, which was just read under the lock.
restore_table() {
    local difference="it was gone" file
    file=$(current firewall.nft)
    if [[ -s "$work/table.live" ]]; then
        # With nothing to compare with, a table that guards is left alone.
        if is_table_as_applied || { [[ ! -f "$run/guard.table" ]] && are_guarded; }; then
            open_epochs
            return 0
        fi
        difference=$(table_difference)
    elif [[ -f "$file" ]]; then
        # The chains, which deny, are there sooner than all that the sets hold.
        { cat -- "$file"; ours_nft; } | nft -f /dev/stdin || true
    fi
    if [[ -f "$file" ]] && load_firewall && are_guarded; then
        open_epochs
        read_table
        read_reference || true
        # The route to a network behind the relay may have changed, which is in no file.
        is_table_as_applied || read_reference again || true
        is_table_as_applied || unsettled=1
        note guard_restore "table=${want[table]}" "difference=$difference"
    else
        close_because "the table was changed and could not be loaded again"
    fi
}

are_guarded() {
    local device
    for device in $(interfaces); do is_guarded "$device" || return 1; done
}

# A missing interface is created again by its unit or supervisor; one that is down is set up if its table protects it.
restore_interfaces() {
    local device closed=""
    for device in $(interfaces); do
        is_kept "$device" || continue
        if ! interface_exists "$device"; then
            remake_interface "$device"
        elif ! is_filled "$device" && ! uses_systemd && ! alive "wireguard.$device.supervisor" && is_guarded "$device"; then
            # Its creator was killed before it was configured.
            configure_interface "$device"
            is_ready "$device"
        elif is_filled "$device" && ! is_up "$device" && is_guarded "$device"; then
            set_network "$device"
            hand_over "$device"
            open_epochs
            note guard_raise "name=$device"
        fi
        is_up "$device" || closed=1
    done
    [[ -n "$closed" ]] || rm -f -- "$run/closed"
}

is_up() { [[ "$(ip -o link show dev "$1" 2>/dev/null)" == *[\<,]UP[,\>]* ]]; }
# Its configuration is complete.
is_filled() { [[ -f "$run/$1.ready" || (-f "$run/$1.running" && "$(<"$run/$1.running")" == "$(interface_number "$1")") ]]; }

remake_interface() {
    if uses_systemd; then
        # Only the unit of a kernel's interface, which has no process left, does not see that it is gone.
        [[ "$(systemctl show --property=MainPID --value "$(unit_of "$1")")" == 0 ]] || return 0
        systemctl --quiet --no-block restart "$(unit_of "$1")"
    elif alive "wireguard.$1.supervisor"; then
        return 0
    elif is_guarded "$1"; then
        if rm -f -- "$run/$1.ready" && ip link add dev "$1" type wireguard 2>/dev/null; then
            configure_interface "$1"
            is_ready "$1"
        else
            supervise "wireguard.$1.supervisor" supervise-wireguard "$1"
        fi
    else
        return 0
    fi
    note process_restart "name=interface $1"
}

# supervised: names of processes that are to run, where there is no systemd.
supervised() {
    local file
    ! uses_systemd || return 0
    echo watch.supervisor
    [[ ! -f "$etc/caddy.json" ]] || echo proxy.supervisor
    [[ ! -s "$etc/renewals" ]] || echo renewal
    for file in "$run"/wireguard.*.supervisor.pid; do
        file=${file##*/}
        [[ ! -f "$run/$file" ]] || echo "${file%.pid}"
    done
}

all_run() {
    local name
    for name in $(supervised); do alive "$name" || return 1; done
}

restore_processes() {
    local name device
    rollback_runs || rearm_rollback
    for name in $(supervised); do
        ! alive "$name" || continue
        case "$name" in
        watch.supervisor) supervise "$name" supervise-watch ;;
        proxy.supervisor) supervise "$name" supervise-proxy ;;
        renewal) supervise "$name" supervise-renewal ;;
        wireguard.*)
            device=${name#wireguard.}
            device=${device%.supervisor}
            is_kept "$device" || continue
            supervise "$name" supervise-wireguard "$device"
            ;;
        esac
        note process_restart "name=$name"
    done
}

# supervise NAME MODE ARGUMENT...: starts a supervisor, and records at once that it runs.
supervise() {
    detached bash "$etc/program" "$2" "$etc" "$run" "${@:3}"
    write_pid "$1" "$!"
}

# close_opened: an update holds the lock, and the table is not as any step of it leaves it, the second time in a row.
close_opened() {
    read_reference || return 0
    opened_lines | sort >"$work/opened"
    [[ -s "$work/opened" ]] || return 0
    pause 0.4
    read_table
    read_reference || return 0
    [[ -z "$(comm -12 "$work/opened" <(opened_lines | sort))" ]] || close_because "the table was changed while an update was under way"
}

close_unsettled() {
    close_because "$1"
    exit "$UNSETTLED"
}

# close_because REASON: told once, until the interface is up again.
close_because() {
    close_interfaces
    [[ ! -f "$run/closed" ]] || return 0
    : >"$run/closed"
    note guard_close "reason=$1"
}

# note ACTION FIELD...: for the journal, which needs the lock to write. Repeated events are limited, so they cannot fill the disk.
note() {
    (($({ cat -- "$etc/journal" "$run/noted" 2>/dev/null || true; } | wc -l) < 1000)) || return 0
    if [[ -n "$locked" ]]; then journal "$@"; else journal_line "$@" >>"$run/noted"; fi
}

take_notes() {
    [[ -s "$run/noted" ]] || return 0
    mv -f -- "$run/noted" "$run/noted.taken"
    cat -- "$run/noted.taken" >>"$etc/journal"
    rm -f -- "$run/noted.taken"
}
