import { confirmTimeout } from "../../../policies/confirmTimeout.js";
import { analyzed, saidOf } from "./analyzed.js";

const said = (host: object, seconds?: number): string[] =>
    saidOf(confirmTimeout, analyzed("Host", { host, ...(seconds === undefined ? {} : { confirmTimeout: seconds }) }), {
        maxSeconds: 300,
    });
const ssh = { kind: "ssh", address: "192.0.2.1" };

test("a time within the limit is accepted, and any on a machine that is not remote", () => {
    expect(said(ssh, 300)).toEqual([]);
    expect(said({ kind: "local" }, 3600)).toEqual([]);
    expect(said({ kind: "local" })).toEqual([]);
});

test("a longer time and none are refused", () => {
    expect(said(ssh, 301)).toEqual([
        "relay office: a change that cuts off the operator stays for 301 s, and 300 s are allowed; set a shorter confirmTimeout",
    ]);
    expect(said(ssh)).toEqual([
        "relay office: a change that cuts off the operator is not rolled back; set confirmTimeout",
    ]);
});
