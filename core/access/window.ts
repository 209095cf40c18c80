import { InvalidArgument } from "../errors.js";

/** Days of the week as a program writes them, in the order of ISO 8601. */
export const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
type Day = (typeof DAYS)[number];

/** Hours of a week in which something is allowed. */
export interface Window {
    days: readonly Day[];
    /** "08:00" */
    from: string;
    /** "18:00"; not after `from`: on the next day. */
    to: string;
    /** Name in the IANA time zone database. */
    zone: string;
}

/** A time in which something is allowed, in Unix seconds; the end is not in it. */
export interface Opening {
    start: number;
    end: number;
}

/**
 * A window as one text, the same for the same hours: "mon,fri 08:00-18:00 Europe/Zurich".
 *
 * @throws InvalidArgument
 */
export function windowText({ days, from, to, zone }: Window, subject: string): string {
    if (!isZone(zone)) {
        const problem = `"${zone}" is not a time zone of the IANA database`;
        throw new InvalidArgument(`${subject}.zone`, problem, 'write one like "Europe/Zurich" or "UTC"');
    }
    for (const [argument, time] of Object.entries({ from, to }))
        if (!TIME.test(time)) {
            const fix = 'write hours and minutes, like "08:00"; "24:00" is the end of a day';
            throw new InvalidArgument(`${subject}.${argument}`, `"${time}" is not a time of day`, fix);
        }
    if (from === to || from === "24:00") {
        const fix = 'for whole days write "00:00" and "24:00"';
        throw new InvalidArgument(`${subject}.to`, "leaves no time between `from` and `to`", fix);
    }
    return `${DAYS.filter((day) => days.includes(day)).join(",")} ${from}-${to} ${zone}`;
}

/** When a window is open, from one moment to another; openings that touch are one. */
export function openingsOf(text: string, from: number, to: number): Opening[] {
    const [days = "", hours = "", zone = "UTC"] = text.split(" ");
    const [begin = "", end = ""] = hours.split("-");
    const clock = new ZoneClock(zone);
    const openings: Opening[] = [];
    const [year, month, first] = clock.dateOf(from - 2 * DAY);
    for (let day = first; ; day++) {
        const start = clock.momentOf(year, month, day, begin);
        if (start >= to) return openings;
        const name = DAYS[(new Date(Date.UTC(year, month, day)).getUTCDay() + 6) % 7]!;
        if (!days.split(",").includes(name)) continue;
        const last = clock.momentOf(year, month, end > begin ? day : day + 1, end);
        if (last <= from || last <= start) continue;
        const former = openings.at(-1);
        if (former !== undefined && start <= former.end) former.end = Math.max(former.end, last);
        else openings.push({ start, end: last });
    }
}

/** Whether a window is open at a moment, in Unix seconds. */
export function isOpen(text: string, moment: number): boolean {
    return openingsOf(text, moment, moment + 1).some(({ start, end }) => start <= moment && moment < end);
}

const DAY = 86_400;
const TIME = /^(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00)$/;

function isZone(zone: string): boolean {
    // Offsets are no zones: they have no summer time, and a program that means one should say UTC.
    if (!/^[A-Za-z]/.test(zone)) return false;
    try {
        return new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone !== "";
    } catch {
        return false;
    }
}

/** What clocks of a time zone show. */
class ZoneClock {
    private readonly format: Intl.DateTimeFormat;

    constructor(zone: string) {
        const fields = {
            year: "numeric",
            month: "numeric",
            day: "numeric",
            hour: "numeric",
            minute: "numeric",
        } as const;
        this.format = new Intl.DateTimeFormat("en", { timeZone: zone, hourCycle: "h23", second: "numeric", ...fields });
    }

    /** Year, month (from 0) and day. */
    dateOf(seconds: number): [number, number, number] {
        const shown = new Date(this.shown(seconds) * 1000);
        return [shown.getUTCFullYear(), shown.getUTCMonth(), shown.getUTCDate()];
    }

    /** When clocks show a time of day; the first time, where they show it twice. Where they skip it: as much later. */
    momentOf(year: number, month: number, day: number, time: string): number {
        const [hours = 0, minutes = 0] = time.split(":").map(Number);
        const wanted = Date.UTC(year, month, day, hours, minutes) / 1000;
        const before = wanted - this.offset(wanted - DAY);
        return this.shown(before) === wanted ? before : this.settled(wanted, before);
    }

    private settled(wanted: number, before: number): number {
        const after = wanted - this.offset(wanted + DAY);
        return this.shown(after) === wanted ? after : before;
    }

    private offset(seconds: number): number {
        return this.shown(seconds) - seconds;
    }

    /** What the clock shows, counted as if it were UTC. */
    private shown(seconds: number): number {
        const parts = this.format.formatToParts(seconds * 1000);
        const part = (type: string): number => Number(parts.find((each) => each.type === type)?.value);
        const date = Date.UTC(
            part("year"),
            part("month") - 1,
            part("day"),
            part("hour"),
            part("minute"),
            part("second"),
        );
        return date / 1000;
    }
}
