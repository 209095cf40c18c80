import { ConstructRequest, ConstructResponse } from "@pulumi/pulumi/proto/provider_pb";

import { InvalidArgument } from "../../../../core/errors";
import type { RemoteComponent } from "../../../../providers/plugin/components/component";
import { Constructs } from "../../../../providers/plugin/constructs";
import { secret } from "./harness";

const schema = () => ({ description: "", inputs: {}, outputs: {}, types: {} });
const SECRET_TEXT = "a-secret-of-some-length";

/** A component that the test lets succeed or fail. */
function constructs(construct: RemoteComponent["construct"]): Constructs {
    return new Constructs({ Thing: { load: () => ({ construct }), schema } });
}

function request(name = "thing", type = "qptunnel:index:Thing") {
    const message = new ConstructRequest();
    message.setName(name);
    message.setType(type);
    return { message, structs: { inputs: { key: secret(SECRET_TEXT) } } };
}

const answer = { message: new ConstructResponse(), structs: { state: { size: 1 } } };

it("hands on what a component answers, which it tells where the engine is", async () => {
    const asked: string[] = [];
    const all = constructs(async (_request, engine) => {
        asked.push(engine);
        return answer;
    });
    expect(await all.construct(request(), "127.0.0.1:1")).toBe(answer);
    expect(asked).toStrictEqual(["127.0.0.1:1"]);
});

it("says what is wrong, without secrets", async () => {
    const all = constructs(async () => {
        throw new InvalidArgument("relay r.key", `"${SECRET_TEXT}" is not a key`, "give one");
    });
    await expect(all.construct(request(), "127.0.0.1:1")).rejects.toMatchObject({
        details: 'relay r.key: "[secret]" is not a key; give one',
    });
});

it("knows no other component, whatever it is called", async () => {
    const all = constructs(async () => answer);
    await expect(all.construct(request("thing", "qptunnel:index:toString"), "127.0.0.1:1")).rejects.toMatchObject({
        details:
            "qptunnel:index:toString: this version of the plugin has no such component; use the plugin of the version that the program's SDK was generated from",
    });
});

it("needs an engine that says where it listens", async () => {
    const all = constructs(async () => answer);
    await expect(all.construct(request(), undefined)).rejects.toMatchObject({
        details: expect.stringContaining("the engine did not say where it listens"),
    });
});
