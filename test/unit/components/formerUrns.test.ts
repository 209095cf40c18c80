import * as pulumi from "@pulumi/pulumi";

import { formerChildUrns, formerUrns, nameIn, valueOf } from "../../../components/formerUrns.js";
import { runProgram } from "../program.js";

class Part extends pulumi.ComponentResource {
    constructor(name: string, options?: pulumi.ComponentResourceOptions) {
        super("shop:index:Part", name, {}, options);
    }
}

async function formerOf(build: () => Promise<string>[]): Promise<string[]> {
    let found: Promise<string>[] = [];
    await runProgram(() => void (found = build()));
    return Promise.all(found);
}

const TYPE = "shop:index:Part";
const urn = (name: string, type = TYPE): string => `urn:pulumi:prod::office::${type}::${name}`;

it("are those of a resource's own aliases", async () => {
    expect(await formerOf(() => formerUrns(new Part("hub")))).toEqual([]);
    expect(await formerOf(() => formerUrns(new Part("hub", { aliases: [{ name: "office" }] })))).toEqual([
        urn("office"),
    ]);
});

it("follow a parent's, whose child was named after it", async () => {
    const found = await formerOf(() => {
        const parent = new Part("hub", { aliases: [{ name: "office" }] });
        return [
            ...formerUrns(new Part("hub-host", { parent })),
            ...formerUrns(new Part("wiki", { parent, aliases: [{ name: "pages" }] })),
        ];
    });
    const child = (name: string): string => urn(name, `${TYPE}$${TYPE}`);
    expect(found).toEqual([
        child("office-host"),
        // Renamed alone, moved alone, and both.
        urn("pages", `${TYPE}$${TYPE}`),
        child("wiki"),
        child("pages"),
    ]);
});

it("tell what a child without aliases would have been called", async () => {
    const found = await formerOf(() => {
        const parent = new Part("hub", { aliases: [{ name: "office" }] });
        return [
            ...formerChildUrns(parent, "hub-seed", "qptunnel:index:Seed"),
            ...formerChildUrns(undefined, "hub-seed", "qptunnel:index:Seed"),
        ];
    });
    expect(found).toEqual([urn("office-seed", `${TYPE}$qptunnel:index:Seed`)]);
});

test("a URN ends with the name, and a value is known without what it depends on", async () => {
    expect(nameIn(urn("hub::of"))).toBe("of");
    expect(nameIn(urn("hub"))).toBe("hub");
    expect(await valueOf(pulumi.output("a"))).toBe("a");
});
