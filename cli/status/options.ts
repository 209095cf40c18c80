import { InvalidArgument } from "../../core/errors.js";
import type { Thresholds } from "../../core/status/index.js";
import type { StateOptions } from "../state.js";

/** As on the command line. */
export interface StatusOptions extends StateOptions {
    relay?: string;
    json?: boolean;
    prometheus?: boolean;
    /** Seconds; true: the default. */
    watch?: string | true;
    probe?: boolean;
    /** Names, separated by commas. */
    require?: string;
    stale?: string;
    expiring: string;
    timeout: string;
}

/** Seconds between two queries with --watch. */
const WATCH_SECONDS = 5;

/** Validated options. */
export interface StatusRequest {
    thresholds: Thresholds;
    /** Seconds. */
    timeout: number;
    /** Seconds; undefined: once. */
    watch: number | undefined;
}

/** @throws InvalidArgument */
export function checkOptions(options: StatusOptions): StatusRequest {
    const { watch, require: names, stale, expiring, timeout, json, prometheus } = options;
    if (prometheus && (json || watch !== undefined)) {
        throw new InvalidArgument("--prometheus", "cannot be combined with --json or --watch", "give one of them");
    }
    return {
        timeout: atLeast(1, timeout, "--timeout"),
        watch: watch === true ? WATCH_SECONDS : watch === undefined ? undefined : atLeast(1, watch, "--watch"),
        thresholds: {
            ...(names === undefined ? {} : { required: names.split(",").filter((name) => name !== "") }),
            ...(stale === undefined ? {} : { stale: atLeast(1, stale, "--stale") }),
            expiring: atLeast(0, expiring, "--expiring"),
        },
    };
}

function atLeast(least: number, text: string, option: string): number {
    const value = Number(text);
    if (/^[0-9]+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
    throw new InvalidArgument(option, `${text} must be an integer ≥ ${least}`, "give one");
}
