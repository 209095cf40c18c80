# shellcheck shell=bash
# Where the program starts: from a bundle on standard input, for many of them in a session, or at boot from the files of the last apply.
#
# Gives: main.

main() {
    if [[ "${1:-}" == script ]]; then
        run_script "$2"
        return
    fi
    if [[ "${1:-}" == serve ]]; then
        program=$2
        serve
        return
    fi
    [[ "$EUID" -eq 0 ]] || refuse "changing a relay needs root, this is user $(id -un)" "run as root, for instance with sudo"
    if (($# > 0)); then
        boot "$@"
        return
    fi
    check_basics
    unpack
    case "$step" in facts | adoption | read | status) ;; *) take_lock ;; esac
    case "$step" in facts | adoption) ;; *) check_owner ;; esac
    # An unconfirmed change is rolled back before the next one, which is then planned again.
    # What is taken away waits for nothing: it leaves both the files that wait and those that a rollback leads to.
    case "$step" in facts | adoption | read | status | mirror | confirm | hostkey | removals) ;; *) roll_back ;; esac
    check_generation
    case "$step" in
    facts | adoption | read | status | caddy | mirror | confirm | hostkey | remove | removals | check | requests | receipt) "step_$step" ;;
    host)
        step_host
        report_swept
        report_files
        ;;
    firewall | wireguard | proxy | grants)
        "step_$step"
        report_swept
        report_surroundings
        report_files
        ;;
    host-delete | firewall-delete | wireguard-delete | proxy-delete | grants-delete) "step_${step//-/_}" ;;
    *) refuse "unknown step $step" "this is a fault of this library; please report it" ;;
    esac
    printf '@done\n'
}

# boot MODE ETC RUN [INTERFACE]
boot() {
    step=$1
    etc=$2
    run=$3
    # What the watcher starts may be late for a relay that is gone.
    case "$step" in watch-*) [[ -d "$run" ]] ;; *) install -d -m 0700 -- "$run" ;; esac
    local key value
    while IFS=$'\t' read -r key value; do want[$key]=$value; done <"$etc/manifest"
    # The proxy's unit may write to its own folders only, and needs no other.
    case "$step" in boot-proxy | watch | supervise-watch) ;; *) make_work_folder ;; esac
    case "$step" in
    rollback)
        take_lock
        roll_back
        ;;
    # What is due is done by a process of its own, under the lock.
    boot-firewall) roll_back_at_boot; expire_at_boot; load_or_close ;;
    reload-firewall) load_or_close ;;
    boot-wireguard) boot_wireguard "$4" ;;
    boot-proxy) if [[ -f "$etc/caddy.json" ]]; then run_caddy; fi ;;
    supervise-wireguard) supervise_wireguard "$4" ;;
    supervise-proxy) supervise_proxy ;;
    renew)
        take_lock
        renew_by_itself
        ;;
    supervise-renewal) supervise_renewal ;;
    watch) watch ;;
    supervise-watch) supervise_watch ;;
    watch-act) watch_act ;;
    watch-guard) watch_guard ;;
    watch-resolve) watch_resolve ;;
    *) refuse "unknown step $step" "this is a fault of this library; please report it" ;;
    esac
}

{ main "$@"; exit; }
