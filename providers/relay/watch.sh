# shellcheck shell=bash
# One process for each relay handles what happens between updates. It listens to what changes in the kernel, asks
# cheap questions, and starts a program of its own when something is due. Packets do not pass through it.
# Without systemd it has a supervisor, and starts that again as its supervisor starts it.
#
# Gives: watch, is_installed, watch_act, end_listening, supervise_watch, restart_watch, stop_watch.
# Needs, of the manifest: auditMark, table, interface, name.
# Needs, of core/protocol: moving.ts, peers.ts, renewals.ts.

# All is looked at so often even if nothing is heard.
LOOK_SECONDS=60
ACT_SECONDS=30
RESOLVE_AGAIN_SECONDS=30
# What keeps changing is not looked at all the time.
SOON_SECONDS=0.3

watch() {
    uses_systemd || write_pid watch "$BASHPID"
    steady_clock
    local started=$SECONDS act_at=0 retry_at=0 looked=-60 listened=-60 look=1 tries=0 generation="none" due="" devices=() moves="" read_at=-60 acting="" events="" named="" resolving="" resolve_at=0 resolve_in=1 clock=0
    trap 'kill $acting $resolving 2>/dev/null || true; end_listening; exit 0' TERM
    while is_installed; do
        steady_clock
        read_record
        if ! hears_events && ((SECONDS > listened)); then
            listen
            look=1
        fi
        if [[ -n "$look" ]] || ((SECONDS - looked >= LOOK_SECONDS)) || ! seems_whole; then look_after; fi
        [[ -z "$due" ]] || ((due > EPOCHSECONDS)) || cut_expired
        # The time of day has stepped.
        if ((EPOCHSECONDS - SECONDS > clock + 2 || EPOCHSECONDS - SECONDS < clock - 2)); then clock=$((EPOCHSECONDS - SECONDS)) act_at=0; fi
        if ((SECONDS >= act_at)) || { ((SECONDS >= retry_at)) && something_due; }; then
            # An update that holds the lock has to end first.
            if act watch-act; then act_at=$((SECONDS + ACT_SECONDS)) retry_at=0 read_at=-60; else act_at=$((SECONDS + 1)) retry_at=$act_at; fi
        fi
        resolve_again
        await_event
    done
    end_listening
}

is_installed() { [[ -f "$etc/mark.wireguard" || -f "$etc/peers" || -f "$etc/pending/peers" ]]; }

something_due() { [[ -n "$due" && "$due" -le "$EPOCHSECONDS" ]] || { [[ -n "$moves" ]] && { overlap_due || epochs_due; }; }; }

# In a program of its own, so that nothing that fails in it ends this one.
act() {
    local status=0
    bash "$etc/program" "$1" "$etc" "$run" </dev/null >/dev/null 2>&1 &
    acting=$!
    wait "$acting" || status=$?
    acting=""
    return "$status"
}

# Of the record, what has to be known at every moment; read again when it was changed.
read_record() {
    local now=0
    [[ ! -f "$etc/generation" ]] || read -r now <"$etc/generation" || true
    [[ "$now" != "$generation" ]] || ((SECONDS - read_at >= 10)) || return 0
    generation=$now read_at=$SECONDS
    due=$(next_due)
    mapfile -t devices < <(interfaces)
    named=""
    [[ ! -f "$(current peers)" ]] || named=$(named_endpoints "$(current peers)")
    moves=""
    if [[ -s "$etc/moving" ]] || ((${#devices[@]} > 1)); then moves=1; fi
}

# In the background: a resolver that does not answer is waited for, and everything else is looked after meanwhile.
resolve_again() {
    local status=0
    if [[ -n "$resolving" ]]; then
        gone "$resolving" || return 0
        wait "$resolving" || status=$?
        resolving=""
        # Soon again while something does not resolve, but not all the time.
        resolve_at=$((SECONDS + (status == 0 ? RESOLVE_AGAIN_SECONDS : resolve_in)))
        if ((status == 0)); then resolve_in=1; elif ((RESOLVE_AGAIN_SECONDS > resolve_in)); then resolve_in=$((2 * resolve_in)); fi
    fi
    ((SECONDS >= resolve_at)) && [[ -n "$named" ]] || return 0
    bash "$etc/program" watch-resolve "$etc" "$run" </dev/null >/dev/null 2>&1 &
    resolving=$!
}

look_after() {
    local status=0
    looked=$SECONDS look=""
    act watch-guard || status=$?
    tries=$((status == 0 ? 0 : tries + 1))
    ((status != 0)) || return 0
    look=1
    # It could not look: the program may be gone.
    ((status == UNSETTLED)) || are_guarded || close_because "the table could not be read"
}

# Without a process: whether what should run runs, and the interfaces are there.
seems_whole() {
    local device
    for device in "${devices[@]}"; do [[ -d "/proc/sys/net/ipv4/conf/$device" ]] || return 1; done
    uses_systemd && return 0
    rollback_runs || return 1
    alive watch.supervisor || return 1
    [[ ! -f "$etc/caddy.json" ]] || alive proxy.supervisor || return 1
    [[ ! -s "$etc/renewals" ]] || alive renewal || return 1
    for device in "${devices[@]}"; do
        [[ ! -f "$run/wireguard.$device.supervisor.pid" ]] || alive "wireguard.$device.supervisor" || return 1
    done
}

# cut_expired: removes keys from the interface without the lock; the rest waits for the lock. An update that had planned
# with such a peer finds it gone, and cannot bring it back for longer than until the next look.
cut_expired() {
    local device table
    table=$(current peers)
    [[ -f "$table" ]] || return 0
    for device in "${devices[@]}"; do
        select_peers past "$table" | cut -f 1 | remove_peers "$device" 2>/dev/null || true
    done
}

watch_act() {
    try_lock 0.2 || exit "$UNSETTLED"
    is_installed || return 0
    changed=""
    expire_due
    retime_ends
    finish_overlaps
    follow_epochs
    ! forwarding_due || set_forwarding "$(oldest)"
    save_endpoints
    take_notes
    want[auditMark]=""
    [[ -z "$changed" ]] || commit
}

# A line for each change of nftables, of routing rules with a mark, and of our interfaces: "now" when something of ours went,
# "soon" otherwise. It ends with the watcher.
listen() {
    local watcher=$BASHPID
    end_listening
    listened=$SECONDS
    coproc EVENTS {
        exec 2>/dev/null
        local line feed nft="" ip=""
        trap 'kill $nft $ip 2>/dev/null || true' EXIT
        # There is no reader any more.
        trap 'exit 0' TERM PIPE
        exec {feed}<> <(:)
        nft monitor </dev/null >"/dev/fd/$feed" {feed}>&- & nft=$!
        ip -o monitor link rule </dev/null >"/dev/fd/$feed" {feed}>&- & ip=$!
        printf '%s\n' "$BASHPID" "$nft" "$ip" >"$run/watch.listeners"
        while ! gone "$watcher" && ! gone "$nft" && ! gone "$ip"; do
            read -rt 1 -u "$feed" line || [[ -n "$line" ]] || continue
            case "$line" in
            "delete "*"inet ${want[table]}"* | Deleted*" ${want[interface]}"* | *"lost some"*) echo now ;;
            # nft 1.0.6 does not name elements of networks, nor those of a table that was loaded again.
            # systemd-networkd removes others' routing rules when it starts.
            "# new generation "* | *" fwmark "* | *"inet ${want[table]}"* | *" ${want[interface]}"*) echo soon ;;
            esac
        done
    }
    events=${EVENTS[0]}
}

hears_events() { [[ -n "${EVENTS_PID:-}" ]] && ! gone "$EVENTS_PID"; }

# Those that a watcher left behind which was killed, too.
end_listening() {
    local pid name
    [[ -f "$run/watch.listeners" ]] || return 0
    while read -r pid; do
        read -r name 2>/dev/null <"/proc/$pid/comm" || continue
        case "$name" in nft | ip | bash) kill "$pid" 2>/dev/null || true ;; esac
    done <"$run/watch.listeners"
    rm -f -- "$run/watch.listeners"
}

# Until something is heard, and no longer than until something is due.
await_event() {
    local word="" seconds=1 left
    if [[ -n "$look" ]] && ((tries < 10)); then seconds=$SOON_SECONDS
    # Most move when they have just been told.
    elif [[ -n "$moves" ]] && ((SECONDS - started < 600)); then seconds=0.2; fi
    if [[ -n "$due" ]]; then
        left=$((due * 1000000 - ${EPOCHREALTIME/[.,]/}))
        ((left > 0 && left < 1000000)) && [[ "$seconds" == 1 ]] && printf -v seconds '0.%06d' "$left"
        ((left > 0)) || seconds=$SOON_SECONDS
    fi
    hears_events || { pause "$seconds"; return 0; }
    read -rt "$seconds" -u "$events" word 2>/dev/null || true
    [[ -n "$word" ]] || return 0
    look=1
    # Where others change their own tables all the time.
    if [[ "$word" != now ]]; then
        if ((tries == 0 && SECONDS - looked < 2)); then pause 1; else pause "$SOON_SECONDS"; fi
    fi
    while read -rt 0.01 -u "$events" word 2>/dev/null; do :; done
}

# supervise-watch: starts it again whenever it ends.
supervise_watch() {
    local child="" begun
    write_pid watch.supervisor "$$"
    trap '[[ -z "$child" ]] || kill "$child" 2>/dev/null || true; exit 0' TERM
    while alive watch; do pause 0.2; done
    while is_installed; do
        steady_clock
        begun=$SECONDS
        (watch) </dev/null >/dev/null 2>&1 &
        child=$!
        write_pid watch "$child"
        wait "$child" || true
        ! is_installed || note process_restart name=watch
        steady_clock
        ((SECONDS - begun >= 2)) || pause 0.5
    done
}

restart_watch() {
    if uses_systemd; then
        systemctl --quiet restart "${want[name]}-watch.service"
    else
        stop_watch
        supervise watch.supervisor supervise-watch
    fi
}

# Under the lock, which the watcher would need to start its supervisor again.
stop_watch() {
    ! uses_systemd || systemctl --quiet stop "${want[name]}-watch.service"
    stop_process watch
    end_listening
}
