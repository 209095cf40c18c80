# shellcheck shell=bash
# One program for many requests, so that it is sent and read once for all of a session. A request is a line "NONCE LENGTH" and as many
# bytes of a bundle; what it prints ends, on both outputs, with a line "@@ NONCE", which on standard output has the exit status as well.
# The next request is sent when the one before has been answered.
#
# Gives: serve.

# Until standard input ends. A request that was cut off is not begun.
serve() {
    local nonce length request ended
    # A condition would suspend errexit in the request, so the loop has none. Each request sets it for itself.
    set +e
    trap - ERR EXIT
    while read -r nonce length; do
        IFS= read -rN "$length" request || exit 1
        printf '%s' "$request" | serve_one
        ended=${PIPESTATUS[1]}
        request=""
        printf '\n@@ %s %s\n' "$nonce" "$ended"
        printf '\n@@ %s\n' "$nonce" >&2
    done
}

# In a process of its own: what it sets, locks and opens ends with it.
serve_one() {
    be_strict
    main
}
