/**
 * The script of each shell. All call `qp-tunnel __complete -- WORD...`, which prints a candidate a line, followed by its
 * description after a tab; without candidates the shell completes file names. A command that is not on PATH is looked up in the
 * project's node_modules. npx is called with --no: outside of a project it would otherwise offer to install a package of that
 * name from the public registry.
 */
export const SCRIPTS: Record<string, string> = {
    bash: `# Completion of qp-tunnel for bash: eval "$(npx --no qp-tunnel completion bash)"
_qp_tunnel() {
    local command=$1 line
    type -P -- "$command" >/dev/null || command=node_modules/.bin/qp-tunnel
    COMPREPLY=()
    while IFS= read -r line; do
        COMPREPLY+=("\${line%%$'\\t'*}")
    done < <("$command" __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _qp_tunnel qp-tunnel
`,
    zsh: `#compdef qp-tunnel
# Completion of qp-tunnel for zsh: eval "$(npx --no qp-tunnel completion zsh)", after compinit
_qp_tunnel() {
    local command=$words[1]
    local -a found
    (( $+commands[$command] )) || [[ -x $command ]] || command=node_modules/.bin/qp-tunnel
    found=(\${(f)"$($command __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)"})
    found=(\${found//$'\\t'/:})
    if (( $#found )); then _describe qp-tunnel found; else _files; fi
}
compdef _qp_tunnel qp-tunnel
`,
    fish: `# Completion of qp-tunnel for fish: npx --no qp-tunnel completion fish | source
function __qp_tunnel_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l program $words[1]
    command -q -- $program; or set program node_modules/.bin/qp-tunnel
    set -l found ($program __complete -- $words[2..-1] 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c qp-tunnel -f -a '(__qp_tunnel_complete)'
`,
};
