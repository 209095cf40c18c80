import { z } from "zod";

/**
 * The part of OSCAL 1.1's component-definition that is written here, as strict as NIST's JSON schema: no member that the schema does
 * not have, and its patterns for identifiers, tokens and values.
 */
const uuid = z
    .string()
    .regex(/^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[45][0-9A-Fa-f]{3}-[89ABab][0-9A-Fa-f]{3}-[0-9A-Fa-f]{12}$/);
const token = z.string().regex(/^(\p{L}|_)(\p{L}|\p{N}|[.\-_])*$/u);
const line = z.string().regex(/^\S(.*\S)?$/);
const uri = z.url();
const reference = z.string().regex(/^[^\s\\<>"{}|^`]+$/);
const dateTime = z.iso.datetime({ offset: true });
const markup = z.string().min(1);

const property = z.strictObject({ name: token, ns: uri.optional(), value: line });
const link = z.strictObject({ href: reference, rel: token.optional(), text: markup.optional() });
const props = z.array(property).nonempty();
const links = z.array(link).nonempty();

const requirement = z.strictObject({
    uuid,
    "control-id": token,
    description: markup,
    props,
    links,
    remarks: markup,
});

const implementation = z.strictObject({
    uuid,
    source: reference,
    description: markup,
    "implemented-requirements": z.array(requirement).nonempty(),
});

const component = z.strictObject({
    uuid,
    type: z.literal("software"),
    title: markup,
    description: markup,
    purpose: markup,
    props,
    links,
    "control-implementations": z.array(implementation).nonempty(),
});

const resource = z.strictObject({
    uuid,
    title: markup,
    description: markup,
    props: props.optional(),
    rlinks: z.array(z.strictObject({ href: reference })).nonempty(),
});

/** A whole document. */
export const componentDefinition = z.strictObject({
    "component-definition": z.strictObject({
        uuid,
        metadata: z.strictObject({
            title: markup,
            "last-modified": dateTime,
            version: line,
            "oscal-version": z.string().regex(/^1\.1\.\d+$/),
        }),
        components: z.array(component).nonempty(),
        "back-matter": z.strictObject({ resources: z.array(resource).nonempty() }),
    }),
});

export type ComponentDefinition = z.infer<typeof componentDefinition>;
