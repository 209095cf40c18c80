# shellcheck shell=bash
# One Caddy for all services. Boot files: caddy.json, certs/, services ("name TAB port TAB upstream TAB addresses" lines).
#
# Gives: admin, admin_answers, proxy_runs, caddy_folder, caddy_binary, step_caddy, step_proxy, owns_listener, run_caddy,
#   supervise_proxy, stop_proxy, step_proxy_delete, report_proxy.
# Needs, of the manifest: name, sha256.
# Needs, of core/protocol: certificates.ts, facts.ts, listeners.ts, services.ts.

admin_socket() { printf '%s/admin.sock' "$run"; }
admin() { curl -sS --fail-with-body --max-time 20 --unix-socket "$(admin_socket)" "$@"; }
admin_answers() { [[ -S "$(admin_socket)" ]] && admin http://localhost/config/apps; }
# Without a supervisor it is started again with one.
proxy_supervised() { uses_systemd || alive proxy.supervisor; }
proxy_runs() { if uses_systemd; then systemctl --quiet is-active "${want[name]}-proxy.service"; else alive proxy; fi; }

# Ours, pushed by the operator, before whatever the machine has.
caddy_folder() { printf '/usr/local/lib/%s' "${etc##*/}"; }
caddy_binary() {
    local ours
    ours=$(caddy_folder)/caddy
    if [[ -x "$ours" ]]; then printf '%s' "$ours"; else command -v caddy; fi
}

# Takes over a pushed binary whose checksum is the announced one, and tells what is there.
step_caddy() {
    require_set_up
    local folder
    folder=$(caddy_folder)
    if [[ -f "$run/caddy.upload" ]]; then
        [[ "$(sha256sum <"$run/caddy.upload" | cut -d ' ' -f 1)" == "${want[sha256]}" ]] || {
            rm -f -- "$run/caddy.upload"
            refuse "the Caddy binary arrived damaged" "apply again"
        }
        install -d -m 0755 -- "$folder"
        install -m 0755 -- "$run/caddy.upload" "$folder/caddy.new"
        mv -f -- "$folder/caddy.new" "$folder/caddy"
        rm -f -- "$run/caddy.upload"
    fi
    {
        printf 'architecture\t%s\n' "$(uname -m)"
        [[ ! -f "$folder/caddy" ]] || printf 'sha256\t%s\n' "$(sha256sum <"$folder/caddy" | cut -d ' ' -f 1)"
        ! has_command caddy || printf 'installed\t%s\n' "$(caddy version 2>/dev/null | awk 'NR == 1 { print $1 }')"
    } | answer caddy
}

step_proxy() {
    require_set_up
    install_program
    sweep_peers
    keys_are_ours || : >"$work/services"
    [[ ! -s "$work/services" ]] || caddy_binary >/dev/null ||
        refuse "caddy is not installed on the relay" "install Caddy 2.10 or newer with X25519MLKEM768; \`npm run tools\` builds it"
    check_renewal
    check_service_ports
    closed_services
    narrow "$work/cut"
    install_certificates
    install_issuers
    install_file "$etc/services" <"$work/services"
    if [[ -s "$work/services" ]]; then
        # The only one of our folders that its unit lets it write to.
        install -d -m 0700 -- "$etc/caddy"
        [[ ! -f "$etc/caddy.json" ]] || cp -- "$etc/caddy.json" "$work/caddy.old"
        install_file "$etc/caddy.json" <"$work/caddy.json"
        load_proxy
    else
        stop_proxy
        rm -f -- "$etc/caddy.json"
    fi
    end_connections
    find "$etc/certs" "$etc/issuers" -type f -exec chmod 0600 {} + 2>/dev/null || true
    schedule_renewal
    remove_old_certificates
    write_mark proxy
    commit
    report_proxy
}

# A service that is closed, or whose port now belongs to a different service, loses its elements first. A new upstream removes
# nothing: rights that ended were removed before this step, and nothing would add back those that stay.
closed_services() {
    : >"$work/cut"
    [[ -f "$etc/services" ]] || return 0
    local port addresses address
    while IFS=$'\t' read -r _ port _ addresses; do
        for address in $addresses; do printf '%s %s\n' "$address" "$port" >>"$work/cut"; done
    done < <(awk -F'\t' 'FILENAME == ARGV[1] { stays[$1, $2, $4]; next } !(($1, $2, $4) in stays)' "$work/services" "$etc/services")
}

# A listener on a new port of ours belongs to another program.
check_service_ports() {
    local name port addresses address user
    while IFS=$'\t' read -r name port _ addresses; do
        for address in $addresses; do
            user=$(ss -H -ltnp "sport = :$port" | awk -v a="$address:$port" -v b="[$address]:$port" -v c="0.0.0.0:$port" -v d="*:$port" -v e="[::]:$port" \
                '!found && ($4 == a || $4 == b || $4 == c || $4 == d || $4 == e) { print $NF; found = 1 }')
            [[ -z "$user" ]] || owns_listener "$user" ||
                refuse "TCP port $port of service $name is already used by $user" "stop that program, or give the service another \`port\`"
        done
    done <"$work/services"
}

owns_listener() {
    local pid
    pid=$(proxy_pid)
    [[ -n "$pid" && "$1" == *"pid=$pid,"* ]]
}
proxy_pid() {
    if uses_systemd; then
        systemctl show --property=MainPID --value "${want[name]}-proxy.service" 2>/dev/null | grep -vx 0 || true
    elif [[ -f "$run/proxy.pid" ]]; then
        cat "$run/proxy.pid"
    fi
}

# Certificates have their fingerprint in the name: a renewed one is a changed configuration, which Caddy loads.
install_certificates() {
    local file
    install -d -m 0700 -- "$etc/certs"
    for file in "$work"/cert.*; do
        [[ ! -e "$file" ]] || install_file "$etc/certs/${file##*/cert.}" <"$file"
    done
}

# Where keys are made on the relay, a certificate comes alone. For another key (the machine was rebuilt since it asked)
# it is worth nothing: all services stay closed until the next one.
keys_are_ours() {
    [[ -f "$work/leaf-keys" ]] || return 0
    local file key
    while IFS=$'\t' read -r file key; do
        [[ -s "$etc/keys/$key.key" && "$(openssl x509 -in "$work/cert.$file.pem" -noout -pubkey)" == "$(openssl pkey -in "$etc/keys/$key.key" -pubout)" ]] || return 1
        cp -- "$etc/keys/$key.key" "$work/cert.$file.key" || return 1
    done <"$work/leaf-keys"
}

remove_old_certificates() {
    local file
    for file in "$etc"/certs/*; do
        [[ -e "$file" ]] || continue
        grep -qF -- "\"$file\"" "$etc/caddy.json" 2>/dev/null || rm -f -- "$file"
    done
}

load_proxy() {
    if proxy_runs && proxy_supervised && admin_answers >/dev/null 2>&1; then
        local load=(admin -H 'Content-Type: application/json' --data-binary "@$etc/caddy.json" http://localhost/load)
        ((${#renewed[@]} == 0)) || load=(load_again)
        "${load[@]}" >"$work/load" 2>&1 && return 0
    else
        "$(caddy_binary)" validate --config "$etc/caddy.json" >"$work/load" 2>&1 && start_proxy && return 0
    fi
    # The old configuration is still the running one; the boot file must agree with it.
    if [[ -f "$work/caddy.old" ]]; then install_file "$etc/caddy.json" <"$work/caddy.old"; else rm -f -- "$etc/caddy.json"; fi
    refuse "Caddy does not accept the configuration: $(tail -n 1 "$work/load")" "check the services' upstreams and ports"
}

start_proxy() {
    if uses_systemd; then
        systemctl --quiet restart "${want[name]}-proxy.service" || { echo "${want[name]}-proxy.service does not start" >"$work/load"; return 1; }
    else
        stop_process proxy || return 1
        supervise proxy.supervisor supervise-proxy || return 1
    fi
    wait_for 20 admin_answers || { echo "it did not answer on $(admin_socket) within 20 s" >"$work/load"; return 1; }
}

run_caddy() {
    local socket
    socket=$(admin_socket)
    export CADDY_ADMIN="unix/$socket" HOME="$etc" XDG_DATA_HOME="$etc/caddy" XDG_CONFIG_HOME="$etc/caddy"
    exec "$(caddy_binary)" run --config "$etc/caddy.json"
}

supervise_proxy() {
    write_pid proxy.supervisor "$$"
    local child="" begun
    trap '[[ -z "$child" ]] || kill "$child" 2>/dev/null || true; exit 0' TERM
    # One whose supervisor was killed goes on serving.
    while alive proxy; do pause 0.2; done
    while [[ -f "$etc/caddy.json" ]]; do
        steady_clock
        begun=$SECONDS
        (run_caddy) </dev/null >/dev/null 2>&1 &
        child=$!
        write_pid proxy "$child"
        wait "$child" || true
        [[ ! -f "$etc/caddy.json" ]] || note process_restart name=proxy
        steady_clock
        ((SECONDS - begun >= 5)) || pause 1
    done
}

stop_proxy() {
    ! uses_systemd || systemctl --quiet stop "${want[name]}-proxy.service"
    stop_process proxy
    rm -f -- "$(admin_socket)"
}

step_proxy_delete() {
    bears_mark proxy || { echo skipped | answer skipped; return 0; }
    : >"$work/services"
    closed_services
    narrow "$work/cut"
    rm -f -- "$etc/caddy.json"
    stop_proxy
    forget_issuers
    rm -rf -- "$etc/services" "$etc/certs" "$etc/keys" "$etc/caddy" "$etc/mark.proxy" "$(caddy_folder)"
    commit
}

report_proxy() {
    [[ -s "$etc/services" ]] || return 0
    local file
    { admin http://localhost/config/ 2>/dev/null || true; } | answer caddy
    ss -H -ltnp | awk -v pid="pid=$(proxy_pid)," '{ print $4, (index($0, pid) ? "ours" : "foreign") }' | answer listeners
    for file in "$etc"/certs/*.pem; do
        # Nothing but certificates: one that the relay made is in a file with its key.
        [[ ! -e "$file" ]] || sed -n '/^-----BEGIN CERTIFICATE-----$/,/^-----END CERTIFICATE-----$/p' "$file" | answer "certificate.${file##*/}"
    done
    report_issuers
}
