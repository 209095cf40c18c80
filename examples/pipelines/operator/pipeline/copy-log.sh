#!/usr/bin/env bash
# Copies the audit log from its volume to a branch in git, beside the container that writes it.
#
#   pipeline/copy-log.sh once       fails when the copy could not be brought to the branch
#   pipeline/copy-log.sh forever    every minute; the volume keeps what could not be copied yet
#
# AUDIT_LOG is the log, STACK names the copy, LOG_REMOTE and AUDIT_BRANCH (audit) say where it goes. The copy only grows:
# `audit push` refuses one that holds anything else than the log.
set -euo pipefail

log=${AUDIT_LOG:?}
stack=${STACK:?}
remote=${LOG_REMOTE:?}
branch=${AUDIT_BRANCH:-audit}
export GIT_AUTHOR_NAME=relay GIT_AUTHOR_EMAIL=relay@localhost GIT_COMMITTER_NAME=relay GIT_COMMITTER_EMAIL=relay@localhost

once() {
    if [[ ! -e $log ]]; then return; fi # no update yet
    local folder there=0
    folder=$(mktemp -d)
    # shellcheck disable=SC2064
    trap "rm -rf '$folder'" EXIT
    git init --quiet --initial-branch "$branch" "$folder"
    # The token is no argument and in no file: git asks for it.
    # shellcheck disable=SC2016
    git -C "$folder" config credential.helper '!f() { echo username=relay; echo "password=$LOG_TOKEN"; }; f'
    git -C "$folder" ls-remote --exit-code "$remote" "refs/heads/$branch" >/dev/null || there=$?
    case $there in
        0)
            git -C "$folder" fetch --quiet --depth 1 "$remote" "refs/heads/$branch"
            git -C "$folder" reset --quiet --hard FETCH_HEAD
            ;;
        2) ;; # there is no copy yet
        *) return "$there" ;;
    esac
    npx --no qp-tunnel audit push "$log" --to "$folder/$stack.jsonl"
    git -C "$folder" add -- "$stack.jsonl"
    if git -C "$folder" diff --cached --quiet; then return; fi
    git -C "$folder" commit --quiet --message "Log of stack $stack [skip ci]"
    git -C "$folder" push --quiet "$remote" "HEAD:refs/heads/$branch"
}

case ${1:-} in
    once) once ;;
    forever)
        trap 'exit 0' TERM
        while :; do
            bash "$0" once || echo "the log was not copied; it is tried again in a minute" >&2
            sleep 60 &
            wait "$!"
        done
        ;;
    *)
        echo "usage: pipeline/copy-log.sh once|forever" >&2
        exit 2
        ;;
esac
