import { isOpen, openingsOf, type Window, windowText } from "../../../../core/access/window.js";
import { refusal } from "../refusal.js";

const OFFICE: Window = { days: ["fri", "mon"], from: "08:00", to: "18:00", zone: "Europe/Zurich" };
const seconds = (moment: string): number => Date.parse(moment) / 1000;
const openings = (text: string, from: string, to: string): string[] =>
    openingsOf(text, seconds(from), seconds(to)).map(({ start, end }) =>
        [start, end].map((moment) => new Date(moment * 1000).toISOString().slice(0, 16)).join(" "),
    );

it("is one text for the same hours", () => {
    expect(windowText(OFFICE, "")).toBe("mon,fri 08:00-18:00 Europe/Zurich");
});

it.each<[Partial<Window>, string]>([
    [{ zone: "Europe/Zuerich" }, 'window.zone: "Europe/Zuerich" is not a time zone of the IANA database; write one like "Europe/Zurich" or "UTC"'],
    [{ zone: "+02:00" }, 'window.zone: "+02:00" is not a time zone'],
    [{ from: "8:00" }, 'window.from: "8:00" is not a time of day; write hours and minutes, like "08:00"; "24:00" is the end of a day'],
    [{ to: "24:30" }, 'window.to: "24:30" is not a time of day'],
    [{ from: "18:00" }, 'window.to: leaves no time between `from` and `to`; for whole days write "00:00" and "24:00"'],
])("refuses %j", (more, message) => {
    expect(refusal(() => windowText({ ...OFFICE, ...more }, "window"))).toContain(message);
}); // prettier-ignore

it("opens and closes by the clocks of its zone, in winter and in summer", () => {
    const text = windowText(OFFICE, "");
    expect(openings(text, "2027-01-01T00:00:00Z", "2027-01-09T00:00:00Z")).toEqual([
        "2027-01-01T07:00 2027-01-01T17:00",
        "2027-01-04T07:00 2027-01-04T17:00",
        "2027-01-08T07:00 2027-01-08T17:00",
    ]);
    expect(openings(text, "2027-07-02T10:00:00Z", "2027-07-05T00:00:00Z")).toEqual([
        "2027-07-02T06:00 2027-07-02T16:00",
    ]);
});

it("may go on over midnight, and openings that touch are one", () => {
    expect(openings("sat 22:00-06:00 UTC", "2027-01-01T00:00:00Z", "2027-01-04T00:00:00Z")).toEqual([
        "2027-01-02T22:00 2027-01-03T06:00",
    ]);
    expect(openings("sat,sun 00:00-24:00 UTC", "2027-01-01T00:00:00Z", "2027-01-08T00:00:00Z")).toEqual([
        "2027-01-02T00:00 2027-01-04T00:00",
    ]);
});

it("has the hours that clocks skip as much later, and those that they show twice from the first time on", () => {
    expect(openings("sun 02:30-04:00 Europe/Zurich", "2027-03-27T12:00:00Z", "2027-03-29T00:00:00Z")).toEqual([
        "2027-03-28T01:30 2027-03-28T02:00",
    ]);
    expect(openings("sun 02:30-04:00 Europe/Zurich", "2027-10-30T12:00:00Z", "2027-11-01T00:00:00Z")).toEqual([
        "2027-10-31T00:30 2027-10-31T03:00",
    ]);
});

it("is open from its first second to the last before its end", () => {
    const at = (moment: string): boolean => isOpen("mon 08:00-18:00 UTC", seconds(moment));
    expect(["07:59:59", "08:00:00", "17:59:59", "18:00:00"].map((time) => at(`2027-01-04T${time}Z`))).toEqual([
        ...[false, true, true, false],
    ]);
});

it("knows days on the other side of the date line", () => {
    expect(openings("mon 00:00-01:00 Pacific/Auckland", "2027-01-01T00:00:00Z", "2027-01-06T00:00:00Z")).toEqual([
        "2027-01-03T11:00 2027-01-03T12:00",
    ]);
});
