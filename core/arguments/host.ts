import { z } from "zod";

import { parseCidr } from "../addresses.js";
import { InvalidArgument } from "../errors.js";
import { supplied, text } from "./validate.js";

const anyText = supplied(notEmpty);

/** A script of the operator's own, run once on a machine that becomes a relay, and once when it no longer is one. */
export const setupArgs = z.strictObject({
    create: anyText,
    delete: anyText.optional(),
});
export type SetupPlain = z.output<typeof setupArgs>;

/** Arguments of `hosts.digitalOcean`. Slugs are DigitalOcean's words: https://slugs.do-api.dev. */
export const digitalOceanArgs = z.strictObject({
    region: slug().default("sfo3"),
    size: slug().default("s-1vcpu-512mb-10gb"),
    image: slug().default("ubuntu-24-04-x64"),
    sshKeys: z.array(anyText).default([]),
    sshSources: z.array(text(parseCidr)).min(1).default(["0.0.0.0/0", "::/0"]),
    reservedIp: z.boolean().default(false),
    tags: z.array(text(parseTag)).default([]),
    vpcUuid: anyText.optional(),
    setup: setupArgs.optional(),
});
export type DigitalOceanPlain = z.output<typeof digitalOceanArgs>;

function slug() {
    return text((value, subject) => {
        if (!/^[a-z0-9][a-z0-9.-]*$/.test(value))
            throw new InvalidArgument(
                subject,
                "is not one of DigitalOcean's slugs",
                'give one like "sfo3" or "ubuntu-24-04-x64"',
            );
        return value;
    });
}

function parseTag(value: string, subject: string): string {
    if (!/^[\w:-]{1,255}$/.test(value))
        throw new InvalidArgument(
            subject,
            "is not a tag",
            "use letters, digits, colons, dashes and underscores, 255 at most",
        );
    return value;
}

function notEmpty(value: string, subject: string): string {
    if (value.trim() === "") throw new InvalidArgument(subject, "is empty", "give a text, or leave it out");
    return value;
}
