#!/usr/bin/env bash
# Brings the audit log to a machine that lives for one job, and its new records away from there.
#
#   pipeline/log.sh restore    before a preview or an update
#   pipeline/log.sh keep       after an update, also after one that failed; again does no harm
#
# STACK names the stack. The log is in git, in audit/ on BRANCH (main), unless one of these is set:
#   AUDIT_MIRROR   a folder that outlives the machine: a volume, or a folder that is copied to write-once storage
#   AUDIT_BRANCH   for `restore` alone: a branch with a copy of the log, <stack>.jsonl
# LOG_REMOTE is where to push (origin), and LOG_TOKEN the password for it, where the clone's own credentials only read.
set -euo pipefail

stack=${STACK:?set it to the name of the stack}
log=audit/$stack.jsonl
branch=${BRANCH:-main}
remote=${LOG_REMOTE:-origin}
# A run that is started again has the same id: its branch must not be refused because the first attempt has one.
run=${GITHUB_RUN_ID:-${CI_JOB_ID:-$(date +%s)}}${GITHUB_RUN_ATTEMPT:+-$GITHUB_RUN_ATTEMPT}
export GIT_AUTHOR_NAME=relay GIT_AUTHOR_EMAIL=relay@localhost GIT_COMMITTER_NAME=relay GIT_COMMITTER_EMAIL=relay@localhost

restore() {
    local copy=${AUDIT_MIRROR:+$AUDIT_MIRROR/$stack.jsonl} folder
    folder=$(mktemp -d)
    if [[ -z $copy && -n ${AUDIT_BRANCH:-} ]]; then
        copy=$folder/copy.jsonl
        git fetch --quiet origin "$AUDIT_BRANCH"
        git show "FETCH_HEAD:$stack.jsonl" >"$copy"
    fi
    # Without a copy this is the very first update. If it is not, the update itself refuses: the state pins the missing log.
    if [[ -n $copy && -e $copy ]]; then
        pulumi stack export --stack "$stack" --file "$folder/state.json" # secrets in it stay encrypted
        npx --no qp-tunnel audit pull "$log" --from "$copy" --state "$folder/state.json"
    fi
    rm -r "$folder"
}

keep_in_git() {
    # The token is no argument and in no file: git asks for it.
    if [[ -n ${LOG_TOKEN:-} ]]; then
        # shellcheck disable=SC2016
        git config credential.helper '!f() { echo username=relay; echo "password=$LOG_TOKEN"; }; f'
    fi
    git add -- audit
    git diff --cached --quiet || git commit --quiet --message "Log of run $run [skip ci]"
    local pause
    for pause in 1 2 4 8 16 0; do
        # A push in the meantime is fine: the log's commit goes on top of it. Unless it changed the log as well.
        if ! git fetch --quiet "$remote" "$branch"; then
            sleep "$pause"
            continue
        fi
        if git diff --quiet FETCH_HEAD HEAD -- audit; then return; fi
        git rebase --quiet FETCH_HEAD || break
        if git push --quiet "$remote" "HEAD:refs/heads/$branch"; then return; fi
        sleep "$pause"
    done
    git rebase --abort 2>/dev/null || true
    git push --quiet "$remote" "HEAD:refs/heads/relay-log-$run"
    echo "the records of this run are on the branch relay-log-$run; merge it, until then every update is refused" >&2
    return 1
}

case ${1:-} in
    restore) restore ;;
    keep)
        if [[ ! -d audit ]]; then exit 0; fi # nothing was recorded
        if [[ -n ${AUDIT_MIRROR:-} ]]; then
            npx --no qp-tunnel audit push "$log" --to "$AUDIT_MIRROR/$stack.jsonl"
        else
            keep_in_git
        fi
        ;;
    *)
        echo "usage: pipeline/log.sh restore|keep" >&2
        exit 2
        ;;
esac
