#!/usr/bin/env bash
# Compares the relay with the state, changes nothing, and takes no lock. With a difference, or when the relay does not answer,
# it writes drift.md and exits with status 1. STACK names the stack.
set -euo pipefail

stack=${STACK:?set it to the name of the stack}
found=$(mktemp)

look() {
    npx --no qp-tunnel status --stack "$stack" >"$found" 2>&1
}

if look; then exit 0; fi
# An update may be running: only what is there twice counts.
sleep "${DRIFT_PAUSE:-120}"
if look; then exit 0; fi
{
    echo "The relay differs from its program, needs attention, or does not answer. \`pulumi up --refresh\` restores what the"
    echo "program declares. This is what \`qp-tunnel status\` printed:"
    echo
    sed 's/^/    /' "$found" # indented text is code: nothing in it is a link or a mention
} >drift.md
cat drift.md
exit 1
