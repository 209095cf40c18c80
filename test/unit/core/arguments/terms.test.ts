import { z } from "zod";

import { terms } from "../../../../core/arguments/terms.js";
import { validate } from "../../../../core/arguments/validate.js";
import { refusal } from "../refusal.js";

const schema = z.strictObject(terms);
const OFFICE = { days: ["fri", "mon"], from: "08:00", to: "18:00", zone: "Europe/Zurich" };

it("makes texts of moments and windows", () => {
    expect(
        validate(
            schema,
            { until: "2027-01-31T18:00:00+01:00", window: OFFICE, reason: "on call", ticket: "OPS-7" },
            "x",
        ),
    ).toEqual({
        ...{ until: "2027-01-31T17:00:00Z", window: "mon,fri 08:00-18:00 Europe/Zurich" },
        ...{ reason: "on call", ticket: "OPS-7" },
    });
    expect(validate(schema, {}, "x")).toEqual({});
});

it.each([
    [{ until: "2027-01-31" }, 'x.until: "2027-01-31" is not an RFC 3339 date and time with an offset'],
    [{ window: { ...OFFICE, days: [] } }, "x.window.days: is too short; give at least 1 entry"],
    [{ window: { ...OFFICE, days: ["monday"] } }, "x.window.days[0]: is not an allowed value"],
    [{ window: { ...OFFICE, zone: "Mars/Base" } }, 'x.window: "Mars/Base" is not a time zone of the IANA database'],
    [{ reason: "" }, "x.reason: is empty; write one line, or remove it"],
    [{ reason: "a\u202eb" }, "x.reason: has a line break or an invisible character"],
    [{ ticket: "T".repeat(101) }, "x.ticket: has more than 100 characters; shorten it"],
])("refuses %j", (given, message) => expect(refusal(() => validate(schema, given, "x"))).toContain(message));
