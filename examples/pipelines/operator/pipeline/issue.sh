#!/usr/bin/env bash
# One issue on GitHub for as long as the relay differs from its program.
#
#   pipeline/issue.sh open     opens it, or updates the one that is open
#   pipeline/issue.sh close    closes it, if one is open
set -euo pipefail

repository=(--repo "${GITHUB_REPOSITORY:?}")
number=$(gh issue list "${repository[@]}" --label drift --state open --json number --jq '.[0].number // empty')

case ${1:-} in
    open)
        if [[ ! -e drift.md ]]; then echo "The comparison failed before it began: ${RUN_URL:-see the log of the run}" >drift.md; fi
        if [[ -n $number ]]; then
            gh issue edit "$number" "${repository[@]}" --body-file drift.md
        else
            gh label create drift "${repository[@]}" --force --description "The relay differs from its program"
            gh issue create "${repository[@]}" --title "The relay differs from its program" --label drift --body-file drift.md
        fi
        ;;
    close)
        if [[ -n $number ]]; then gh issue close "$number" "${repository[@]}" --comment "The relay is as its program says."; fi
        ;;
    *)
        echo "usage: pipeline/issue.sh open|close" >&2
        exit 2
        ;;
esac
