# shellcheck shell=bash
# The SSH host key of a machine that the program made. The one it booted with stands in its user-data, which every
# process on it can read: it is replaced over the first connection.
#
# Gives: step_hostkey.
# Needs, of the manifest: instance.

HOST_KEY=/etc/ssh/ssh_host_ed25519_key

step_hostkey() {
    check_instance
    local public listener
    public=$(<"$work/public")
    if cmp -s "$work/private" "$HOST_KEY"; then
        echo unchanged | answer hostkey
        return 0
    fi
    check_key_pair "$public"
    listener=$(sshd_listener)
    uses_systemd || [[ -n "$listener" ]] ||
        refuse "the SSH server of this connection is not sshd, and only sshd can load the new host key" "use a machine whose SSH server is OpenSSH"
    [[ ! -f "$HOST_KEY" ]] || install -m 0600 -- "$HOST_KEY" "$work/former"
    install_file "$HOST_KEY" 0600 <"$work/private"
    if ! "$(command -v sshd || echo /usr/sbin/sshd)" -t >"$work/sshd" 2>&1; then
        [[ ! -f "$work/former" ]] || install_file "$HOST_KEY" 0600 <"$work/former"
        refuse "sshd refuses its configuration: $(tail -n 1 "$work/sshd")" "repair the machine's sshd_config; its host key was not changed"
    fi
    install_file "$HOST_KEY.pub" 0644 <"$work/public"
    reload_sshd "$listener"
    echo replaced | answer hostkey
    # At its first boot a cloud machine still installs packages; who comes next needs the package manager.
    ! has_command cloud-init || timeout 300 cloud-init status --wait >/dev/null 2>&1 || true
}

# A kept address may lead to the former machine for a moment. cloud-init writes down which one this is, at each boot.
check_instance() {
    local file=/run/cloud-init/.instance-id
    [[ -f "$file" && -n "${want[instance]:-}" ]] || return 0
    [[ "$(<"$file")" != "${want[instance]}" ]] || return 0
    tr -d '\n' <"$file" | answer other
    printf '@done\n'
    exit 0
}

# By file: a key on a command line could be seen by every user of the machine.
check_key_pair() {
    [[ "$(ssh-keygen -y -f "$work/private" 2>/dev/null | awk '{ print $1 " " $2 }')" == "$1" ]] ||
        refuse "the new host key cannot be read by ssh-keygen" "this is a fault of this library; please report it"
}

# What listens reads its keys again; connections that are up, this one too, go on.
reload_sshd() {
    uses_systemd || { kill -HUP "$1"; return 0; }
    local unit
    # Debian and Ubuntu call it ssh. One that is started per connection reads its keys each time.
    for unit in ssh sshd; do
        ! systemctl --quiet is-active "$unit.service" || systemctl --quiet reload "$unit.service"
    done
}

# The sshd above the one of this connection.
sshd_listener() {
    local pid=$$ listener=""
    while ((pid > 1)); do
        [[ "$(<"/proc/$pid/comm")" != sshd ]] || listener=$pid
        pid=$(awk '/^PPid:/ { print $2 }' "/proc/$pid/status")
    done
    printf '%s' "$listener"
}
