# shellcheck shell=bash
# A copy of the audit log's lines on the relay, in `$etc/audit.jsonl`: it only ever grows, by what the log has more.
#
# Gives: step_mirror.
# Needs, of the manifest: do, digest, length, offset.
# Needs, of core/protocol: owner.ts.

step_mirror() {
    if [[ ! -f "$etc/owner" ]]; then
        echo mirror | answer missing
        return 0
    fi
    local file="$etc/audit.jsonl" size
    [[ -f "$file" ]] || : >"$file"
    size=$(stat -c %s -- "$file")
    case "${want[do]}" in
    status) report_mirror ;;
    # As expected or not: one round trip either way.
    extend)
        if [[ "$size" == "${want[offset]}" && "$(digest_of_mirror)" == "${want[digest]}" ]]; then
            append_to_mirror
        else
            report_mirror
        fi
        ;;
    read)
        {
            # In this order there is no write to a closed pipe.
            head -c "$((want[offset] + want[length]))" -- "$file" | tail -c "+$((want[offset] + 1))" | base64 -w 0
            echo
        } | answer content
        ;;
    append)
        [[ "$size" == "${want[offset]}" ]] || refuse "the mirror of the log ends at byte $size, not at ${want[offset]}" "apply again"
        append_to_mirror
        ;;
    *) refuse "unknown mirror action ${want[do]}" "this is a fault of this library; please report it" ;;
    esac
}

report_mirror() {
    stat -c %s -- "$etc/audit.jsonl" | answer bytes
    { tail -c "${want[length]:-0}" -- "$etc/audit.jsonl" | base64 -w 0; echo; } | answer tail
    digest_of_mirror | answer digest
}

digest_of_mirror() { sha256sum <"$etc/audit.jsonl" | cut -d " " -f 1; }

append_to_mirror() {
    base64 -d <"$work/content" >>"$etc/audit.jsonl"
    sync -- "$etc/audit.jsonl"
}
