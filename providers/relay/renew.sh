# shellcheck shell=bash
# Certificates that the relay renews by itself, where the operator has left it an authority for that.
#
# issuers/ALGORITHM.{pem,key} is the authority, renewals says what for: "service TAB algorithm TAB end of the authority (Unix
# time) TAB days TAB name TAB addresses" lines. A certificate made here is one file with its key and its issuer, so that it is
# replaced whole or not at all; the lines before the first block say from when to when it is valid, and what for.
#
# Gives: check_renewal, install_issuers, renew_by_itself, load_again, schedule_renewal, supervise_renewal,
#   forget_issuers, report_issuers.
# Needs, of the manifest: name.
# Needs, of core/protocol: renewals.ts.

# Names of services with a new certificate.
declare -a renewed=()

# How long the loop sleeps where there is no systemd. A certificate is renewed a month before its end.
RENEWAL_SECONDS=43200

renews_itself() { [[ -s "$work/renewals" ]]; }
renewed_file() { printf '%s/certs/%s-relay.pem' "$etc" "$1"; }

check_renewal() {
    ! renews_itself || has_command openssl ||
        refuse "openssl is not installed on the relay, which needs it to renew certificates" "install openssl, or remove certificateRenewal"
}

install_issuers() {
    renews_itself || return 0
    local file
    install -d -m 0700 -- "$etc/issuers"
    for file in "$work"/issuer.*; do
        [[ ! -e "$file" ]] || install_file "$etc/issuers/${file##*/issuer.}" <"$file"
    done
    install_file "$etc/renewals" <"$work/renewals"
    renew_certificates
}

# Makes what is missing, what is for another name, address or issuer, and what has less than a third of its life left.
renew_certificates() {
    local name algorithm end days domain addresses purpose
    renewed=()
    while IFS=$'\t' read -r name algorithm end days domain addresses; do
        purpose="$algorithm $(sha256sum <"$etc/issuers/$algorithm.pem" | cut -d ' ' -f 1) $domain $addresses"
        ! is_fresh "$(renewed_file "$name")" "$purpose" || continue
        make_certificate
        renewed+=("$name")
    done <"$etc/renewals"
}

# is_fresh FILE PURPOSE
is_fresh() {
    [[ -s "$1" ]] || return 1
    local from until purpose now
    { IFS=' ' read -r _ from until && IFS= read -r purpose; } <"$1" || return 1
    [[ "$purpose" == "# $2" && "$from$until" =~ ^[0-9]+$ ]] || return 1
    printf -v now '%(%s)T' -1
    ((until - now > (until - from) / 3))
}

# With the variables of renew_certificates. The key is made here and never leaves; the check is what a client will do.
make_certificate() {
    local folder="$work/leaf" now from until address names="DNS:$domain" issuer="$etc/issuers/$algorithm"
    printf -v now '%(%s)T' -1
    until=$((now + days * 86400))
    ((until < end)) || until=$end
    ((until > now)) || refuse "the relay's intermediate CA for certificate renewal has expired" "run \`pulumi up\`, which installs a new one"
    # A client's clock may be behind.
    from=$((now - 3600))
    for address in $addresses; do names+=",IP:$address"; done
    rm -rf -- "$folder"
    install -d -m 0700 -- "$folder"
    : >"$folder/index"
    printf '40%s\n' "$(openssl rand -hex 15)" >"$folder/serial"
    authority_settings "$names" >"$folder/settings"
    service_key "$algorithm" >"$folder/key"
    openssl req -new -config "$folder/settings" -key "$folder/key" -subj "/CN=${domain%%.*}" -out "$folder/request"
    openssl ca -batch -notext -config "$folder/settings" -cert "$issuer.pem" -keyfile "$issuer.key" -in "$folder/request" \
        -startdate "$(date -u -d "@$from" +%Y%m%d%H%M%SZ)" -enddate "$(date -u -d "@$until" +%Y%m%d%H%M%SZ)" -out "$folder/certificate" 2>"$folder/said" ||
        refuse "openssl cannot issue a certificate for service $name: $(tail -n 1 "$folder/said")" "install openssl 1.1.1 or newer on the relay"
    openssl verify -partial_chain -purpose sslserver -trusted "$issuer.pem" "$folder/certificate" >"$folder/said" 2>&1 ||
        refuse "clients would refuse the certificate for service $name: $(sed -n 's/.* lookup: *//p' "$folder/said")" "run \`pulumi up\`, which installs a new intermediate CA"
    {
        printf '# %s %s\n# %s\n' "$from" "$until" "$purpose"
        cat -- "$folder/key" "$folder/certificate" "$issuer.pem"
    } | install_file "$(renewed_file "$name")"
    rm -rf -- "$folder"
}

authority_settings() {
    printf '%s\n' '[req]' 'distinguished_name = subject' '[subject]' \
        '[ca]' 'default_ca = relay' '[relay]' "database = $work/leaf/index" "serial = $work/leaf/serial" "new_certs_dir = $work/leaf" \
        'default_md = default' 'policy = any' 'unique_subject = no' 'x509_extensions = leaf' '[any]' 'commonName = supplied' \
        '[leaf]' 'basicConstraints = critical,CA:FALSE' 'keyUsage = critical,digitalSignature' 'extendedKeyUsage = serverAuth' \
        "subjectAltName = $1" 'subjectKeyIdentifier = hash' 'authorityKeyIdentifier = keyid:always'
}

# Called by the timer, between updates.
renew_by_itself() {
    [[ -s "$etc/renewals" ]] || return 0
    local name
    renew_certificates
    ((${#renewed[@]} > 0)) || return 0
    for name in "${renewed[@]}"; do
        journal certificate_renew "name=$name" "tls_fingerprint=$(certificate_fingerprint "$(renewed_file "$name")")"
    done
    ! proxy_runs || load_again
    commit
}

certificate_fingerprint() {
    openssl x509 -in "$1" -noout -fingerprint -sha256 | sed 's/.*=//; s/://g' | tr '[:upper:]' '[:lower:]' | sed 's/^/SHA256:/'
}

# The files are other ones under the same names, which Caddy does not see from its configuration.
load_again() {
    admin -H 'Content-Type: application/json' -H 'Cache-Control: must-revalidate' --data-binary "@$etc/caddy.json" http://localhost/load
}

schedule_renewal() {
    if ! renews_itself; then
        forget_issuers
        return 0
    fi
    if uses_systemd; then
        local file
        for file in "$work"/unit.*; do install_file "/etc/systemd/system/${file##*/unit.}" 0644 <"$file"; done
        systemctl --quiet daemon-reload
        systemctl --quiet enable --now "${want[name]}-renewal.timer"
    elif ! alive renewal; then
        supervise renewal supervise-renewal
    fi
}

# Each time by the program of the last apply.
supervise_renewal() {
    write_pid renewal "$$"
    local child=""
    trap '[[ -z "$child" ]] || kill "$child" 2>/dev/null || true; exit 0' TERM
    while [[ -s "$etc/renewals" ]]; do
        bash "$etc/program" renew "$etc" "$run" </dev/null >/dev/null 2>&1 || true
        sleep "$RENEWAL_SECONDS" &
        child=$!
        wait "$child" || true
    done
}

# Nothing that could make a certificate stays behind.
forget_issuers() {
    [[ -d "$etc/issuers" || -f "$etc/renewals" ]] || return 0
    rm -rf -- "$etc/issuers" "$etc/renewals"
    if uses_systemd; then
        systemctl --quiet disable --now "${want[name]}-renewal.timer" || true
        rm -f -- "/etc/systemd/system/${want[name]}-renewal."{service,timer}
        systemctl --quiet daemon-reload
    else
        stop_process renewal
    fi
}

report_issuers() {
    local file
    for file in "$etc"/issuers/*.pem; do
        [[ ! -e "$file" ]] || answer "issuer.${file##*/}" <"$file"
    done
}
