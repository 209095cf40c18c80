/** The schema of the Relay, compared with what the components accept and with what they say of it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import ts from "typescript";
import { z } from "zod";

import {
    auditSinkArgs,
    digitalOceanArgs,
    grantArgs,
    localArgs,
    peerArgs,
    relayArgs,
    serviceArgs,
    setupArgs,
    sshArgs,
} from "../../../../../core/arguments";
import { relaySchema } from "../../../../../providers/plugin/components/relaySchema";
import type { NamedType, TypedProperties, TypedProperty } from "../../../../../providers/plugin/types";

const { inputs, outputs, types } = relaySchema;
const root = join(__dirname, "../../../../..");

function objectType(name: string): TypedProperties {
    const type = types[name]!;
    if (!("properties" in type)) throw new Error(`${name} is no object`);
    return type.properties;
}

const host = objectType("RelayHost");
const ofKind = (kind: string): string[] =>
    Object.keys(host).filter((name) => host[name]!.description.startsWith(`\`${kind}\``));

/** Schemas of the arguments by what they check, and which properties data has besides or without them. */
const PAIRS: [string, TypedProperties, z.ZodObject, string[]][] = [
    ["Relay", inputs, relayArgs, []],
    ["PeerSpec", objectType("PeerSpec"), peerArgs, ["name", "formerNames"]],
    ["ServiceSpec", objectType("ServiceSpec"), serviceArgs, ["name", "formerNames"]],
    ["GrantSpec", objectType("GrantSpec"), grantArgs, []],
    ["AccessExpectation", objectType("AccessExpectation"), relayArgs.shape.expect.unwrap().element, []],
    ["AuditSettings", objectType("AuditSettings"), auditSinkArgs, []],
    ["SetupScripts", objectType("SetupScripts"), setupArgs, []],
];

describe.each(PAIRS)("%s", (_name, properties, schema, more) => {
    const shape = schema.shape as Record<string, z.ZodType>;

    it("has the arguments that the components accept, and no others", () => {
        expect(Object.keys(properties).sort()).toStrictEqual([...Object.keys(shape), ...more].sort());
    });

    it("may leave out what they may leave out, with the same defaults", () => {
        for (const [name, argument] of Object.entries(shape)) {
            const property = properties[name]!;
            const otherwise = argument.safeParse(undefined);
            // Who says nothing of a log has one all the same.
            const isOptional = name === "audit" || otherwise.success;
            expect([name, property.optional ?? false]).toStrictEqual([name, isOptional]);
            const isPrimitive = ["string", "number", "boolean"].includes(typeof otherwise.data);
            const isGiven = otherwise.success && isPrimitive && name !== "mtu";
            expect([name, property.default]).toStrictEqual([name, isGiven ? otherwise.data : undefined]);
        }
    });

    it("has the types that they have, and the words of their enumerations", () => {
        for (const [name, argument] of Object.entries(shape)) {
            const said = kindOf(properties[name]!.of);
            const kind = kindOfArgument(argument);
            if (kind !== undefined) expect([name, said]).toStrictEqual([name, kind]);
        }
    });
});

it("has for each kind of host what the function of that name takes", () => {
    expect(["kind", "setup", ...ofKind("local")].sort()).toStrictEqual(
        [...Object.keys(localArgs.shape), "kind"].sort(),
    );
    expect([...ofKind("ssh"), "setup"].sort()).toStrictEqual(Object.keys(sshArgs.shape).sort());
    expect([...ofKind("digitalOcean"), "setup"].sort()).toStrictEqual(Object.keys(digitalOceanArgs.shape).sort());
    expect(ofKind("script").sort()).toStrictEqual(["path", "receipt", "relayPublicKey"]);
});

it("says of every type and property what it is, and names only types that there are", () => {
    const seen = new Set<string>();
    const visit = (path: string, properties: TypedProperties): void => {
        for (const [name, { of, description }] of Object.entries(properties)) {
            expect([`${path}.${name}`, description]).toStrictEqual([`${path}.${name}`, expect.stringMatching(/[.]$/)]);
            for (const [, named] of JSON.stringify(of).matchAll(/"named":"(\w+)"/g)) seen.add(named!);
        }
    };
    visit("inputs", inputs);
    visit("outputs", outputs);
    for (const [name, type] of Object.entries(types)) {
        expect([name, type.description]).toStrictEqual([name, expect.stringMatching(/[.]$/)]);
        if ("properties" in type) visit(name, type.properties);
    }
    expect([...seen].sort()).toStrictEqual(Object.keys(types).sort());
});

/** Said otherwise here, because a program in TypeScript has other forms for them. */
const SAID_OTHERWISE = [
    "Relay.host",
    "Relay.audit",
    "Relay.peers",
    "Relay.services",
    "PeerSpec.host",
    "PeerSpec.handedOut",
    "ServiceSpec.allow",
];

it.each([
    ["Relay", inputs, "components/relayTypes.ts", "RelayArgs"],
    ["GrantSpec", objectType("GrantSpec"), "components/relayTypes.ts", "Grant"],
    ["AccessExpectation", objectType("AccessExpectation"), "components/relayTypes.ts", "Expectation"],
    ["PeerSpec", objectType("PeerSpec"), "components/peer.ts", "PeerArgs"],
    ["ServiceSpec", objectType("ServiceSpec"), "components/exposedService.ts", "ExposedServiceArgs"],
    ["AuditSettings", objectType("AuditSettings"), "components/auditSink.ts", "AuditSinkArgs"],
    ["SetupScripts", objectType("SetupScripts"), "providers/hosts/functions.ts", "Setup"],
])("%s: says of each argument what its TypeScript declaration says", (type, properties, file, declaration) => {
    for (const [name, text] of Object.entries(documented(file, declaration))) {
        if (text === "" || SAID_OTHERWISE.includes(`${type}.${name}`)) continue;
        expect([name, properties[name]?.description]).toStrictEqual([name, text]);
    }
});

it.each([
    ["ssh", "providers/hosts/functions.ts", "SshOptions"],
    ["digitalOcean", "providers/hosts/functions.ts", "DigitalOceanOptions"],
    ["script", "providers/hosts/script.ts", "ScriptOptions"],
])("RelayHost: says of each option of %s what its TypeScript declaration says", (kind, file, declaration) => {
    for (const [name, text] of Object.entries(documented(file, declaration))) {
        if (name === "setup") continue;
        const said = host[name]!.description.replace(`\`${kind}\`: `, "").toLowerCase();
        expect([name, said]).toStrictEqual([name, expect.stringContaining(text.toLowerCase().replace(/\.$/, ""))]);
    }
});

type Kind = "string" | "integer" | "number" | "boolean" | "list" | "map" | "object" | "several" | string[];

function kindOf(of: TypedProperty["of"]): Kind {
    if (typeof of === "string") return of;
    if ("list" in of) return "list";
    if ("map" in of) return "map";
    if ("oneOf" in of) return "several";
    const type: NamedType = types[of.named]!;
    return "values" in type ? Object.values(type.values).map(({ value }) => value) : "object";
}

/** What zod says that it takes; undefined: it is a form of its own. */
function kindOfArgument(argument: z.ZodType): Kind | undefined {
    if (argument instanceof z.ZodDefault || argument instanceof z.ZodOptional)
        return kindOfArgument(argument.unwrap() as z.ZodType);
    if (argument instanceof z.ZodPipe) return kindOfArgument(argument.in as z.ZodType);
    if (argument instanceof z.ZodEnum) return Object.values(argument.enum) as string[];
    if (argument instanceof z.ZodArray) return "list";
    if (argument instanceof z.ZodString) return "string";
    if (argument instanceof z.ZodBoolean) return "boolean";
    if (argument instanceof z.ZodNumber) return argument.isInt ? "integer" : "number";
    return undefined;
}

/** Doc comments of an interface's members, each on one line. */
function documented(file: string, declaration: string): Record<string, string> {
    const source = ts.createSourceFile(file, readFileSync(join(root, file), "utf8"), ts.ScriptTarget.Latest, true);
    const found = source.statements.find((each) => ts.isInterfaceDeclaration(each) && each.name.text === declaration);
    if (found === undefined) throw new Error(`${file} has no interface ${declaration}`);
    return Object.fromEntries(
        (found as ts.InterfaceDeclaration).members.map((member) => {
            const comments = ts
                .getJSDocCommentsAndTags(member)
                .map((each) => ts.getTextOfJSDocComment(each.comment) ?? "");
            return [member.name?.getText() ?? "", comments.join(" ").replace(/\s+/g, " ").trim()];
        }),
    );
}
