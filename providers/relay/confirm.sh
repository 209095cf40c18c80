# shellcheck shell=bash
# Commit-confirm, for changes that could cut the operator off: chains, interface, addresses, routes, forwarding.
# While a change waits for its confirmation, `$etc/pending` holds its files and the boot files hold what a rollback
# leads to: chains and interface as before, peers and elements only those of both. So a reboot rolls back as well,
# and no rollback restores a removed peer.
#
# Gives: must_be_confirmed, stage_file, current, arm_rollback, rollback_runs, rearm_rollback, disarm_rollback, step_confirm,
#   roll_back, roll_back_at_boot.
# Needs, of the manifest: confirm, name, table, auditMark.
# Needs, of core/protocol: elements.ts, interfaces.ts, lost.ts, peers.ts.

must_be_confirmed() { [[ -n "${want[confirm]:-}" ]] && ! cmp -s "$1" "$2"; }

# stage_file NAME: standard input waits in $etc/pending instead of becoming a boot file.
stage_file() {
    install -d -m 0700 -- "$etc/pending"
    # Until when, by the machine's uptime. Gone after a reboot, unlike the folder.
    steady_clock
    printf '%s\n' "$((SECONDS + want[confirm]))" >"$run/pending"
    install_file "$etc/pending/$1"
}

# file NAME: the one that counts on the wire now.
current() { if [[ -f "$etc/pending/$1" ]]; then printf '%s' "$etc/pending/$1"; else printf '%s' "$etc/$1"; fi; }

# The timer belongs to no session: it outlives the connection that armed it.
arm_rollback() {
    if uses_systemd; then
        systemctl --quiet stop "${want[name]}-rollback.timer" 2>/dev/null || true
        systemd-run --quiet --on-active="${want[confirm]}" --timer-property=AccuracySec=1s --unit="${want[name]}-rollback" \
            /bin/bash "$etc/program" rollback "$etc" "$run"
    else
        disarm_rollback
        # shellcheck disable=SC2016 # expands in the inner shell
        detached bash -c 'echo "$$" >"$2/rollback.pid"; sleep "$3"; exec bash "$1/program" rollback "$1" "$2"' rollback "$etc" "$run" "${want[confirm]}"
    fi
    printf '%s\n' "${want[confirm]}" | answer pending
}

# Whether what waits for its confirmation has a timer.
rollback_runs() {
    [[ -d "$etc/pending" && -s "$run/pending" ]] || return 0
    uses_systemd || { alive rollback; return; }
    systemctl --quiet is-active "${want[name]}-rollback.timer" ||
        [[ "$(systemctl show --property=ActiveState --value "${want[name]}-rollback.service")" == activating ]]
}

# For the time left, after the timer was killed.
rearm_rollback() {
    local until
    until=$(<"$run/pending")
    steady_clock
    want[confirm]=$((until > SECONDS ? until - SECONDS : 1))
    arm_rollback >/dev/null
    note process_restart "name=rollback timer"
}

disarm_rollback() {
    if uses_systemd; then
        systemctl --quiet stop "${want[name]}-rollback.timer" 2>/dev/null || true
        systemctl --quiet reset-failed "${want[name]}-rollback.service" 2>/dev/null || true
    elif [[ "${step:-}" == rollback ]]; then
        rm -f -- "$run/rollback.pid"
    else
        stop_process rollback
    fi
}

# It came over a new connection, so the relay is reachable. All peers that were reachable before must still be.
step_confirm() {
    [[ -d "$etc/pending" ]] || { echo late | answer late; return 0; }
    who_is_lost >"$work/who"
    if [[ -s "$work/who" ]]; then
        roll_back "$(lost_in_words <"$work/who")"
        answer lost <"$work/who"
        return 0
    fi
    forget_health
    local file
    for file in "$etc"/pending/*; do mv -f -- "$file" "$etc/${file##*/}"; done
    rmdir -- "$etc/pending"
    disarm_rollback
    commit
}

# As the log will have it: addresses of peers, names of services.
lost_in_words() { awk '{ text = text (text == "" ? "" : ", ") ($1 == "peer" ? "the peer at " $3 : "service " $2) } END { print text }'; }

# Whether this relay has made or adopted its interface, in an apply that may still wait.
is_taken_up() { [[ -f "$(current peers)" || -f "$etc/mark.wireguard" ]]; }

# roll_back [LOST]: to the boot files, which contain nothing new and no peer that was removed since.
roll_back() {
    [[ -d "$etc/pending" ]] || return 0
    local device ours=""
    # An interface that was to be taken over belongs to its former owner as long as nothing of it is recorded.
    ! is_taken_up || ours=1
    rm -rf -- "$etc/pending"
    forget_health
    if [[ -f "$etc/firewall.nft" ]]; then load_firewall; fi
    for device in $(interfaces); do
        if [[ ! -f "$etc/peers" ]]; then
            [[ -z "$ours" ]] || remove_interface "$device"
        elif ! is_guarded "$device"; then
            close_interface "$device"
        elif interface_exists "$device" && answers_wg "$device" >/dev/null 2>&1; then
            setconf_of "$device" >"$work/$device.conf"
            wg syncconf "$device" "$work/$device.conf"
            set_network "$device"
        else
            start_interface "$device"
        fi
    done
    if [[ ! -f "$etc/peers" ]]; then
        rm -f -- "$etc/interfaces" "$etc"/key.*
        forget_forwarding
    fi
    # Only when no interface of ours is left to guard.
    if [[ ! -f "$etc/firewall.nft" && ! -f "$etc/peers" ]] && table_exists; then
        nft delete table inet "${want[table]}"
        forget_kept
        rm -f -- "$etc/elements" "$etc/ends" "$etc/ended"
    fi
    { date -u +%Y-%m-%dT%H:%M:%SZ; [[ -z "${1:-}" ]] || printf '%s\n' "$1"; } | install_file "$etc/rolled-back"
    disarm_rollback
    want[auditMark]=""
    commit >/dev/null
}

# At boot the wire is empty and the boot files are what a rollback leads to. The unit that calls this is started while
# a change waits for its confirmation, too: with the interface, and with nftables.service.
roll_back_at_boot() {
    [[ -d "$etc/pending" && ! -e "$run/pending" ]] || return 0
    rm -rf -- "$etc/pending"
    date -u +%Y-%m-%dT%H:%M:%SZ | install_file "$etc/rolled-back"
    want[auditMark]=""
    commit >/dev/null
}
