# shellcheck shell=bash
# One process for each relay looks after what happens while nobody applies: it asks cheap questions, and starts a
# program of its own, under the relay's lock, when something is due. It is in nobody's way: packets do not pass it.

watch() {
    uses_systemd || echo "$$" >"$run/watch.pid"
    local never looked=-60
    # A pipe that nothing is ever written to: waiting on it needs no process, and ends with this one.
    exec {never}<> <(:)
    while [[ -f "$(current peers)" ]]; do
        if ((SECONDS - looked >= 30)) || expiry_due || overlap_due || epochs_due; then
            looked=$SECONDS
            bash "$etc/program" watch-act "$etc" "$run" >/dev/null 2>&1 || true
        fi
        read -rt "$(watch_pause)" -u "$never" _ || true
    done
}

# Seconds until the next look: soon while somebody may move, and no later than somebody expires.
watch_pause() {
    local next
    next=$(next_expiry)
    if [[ -s "$etc/moving" ]] || rotating; then
        # Most move when they have just been told.
        if ((SECONDS < 600)); then echo 0.2; else echo 1; fi
    elif [[ -n "$next" ]] && ((next < EPOCHSECONDS + 5)); then
        echo "$((next > EPOCHSECONDS ? next - EPOCHSECONDS : 1))"
    else
        echo 5
    fi
}

watch_act() {
    take_lock
    [[ -f "$(current peers)" ]] || return 0
    want[changed]=""
    expire_due
    finish_overlaps
    follow_epochs
    save_endpoints
    want[auditMark]=""
    [[ -z "${want[changed]}" ]] || commit
}

restart_watch() {
    if uses_systemd; then
        systemctl --quiet restart "${want[name]}-watch.service"
    else
        stop_process watch
        detached bash "$etc/program" watch "$etc" "$run"
    fi
}

stop_watch() {
    ! uses_systemd || systemctl --quiet stop "${want[name]}-watch.service"
    stop_process watch
}
