import { problemsOf, type Resource } from "../../../lab/pipelines/resources.js";

const stack = (spec: Record<string, unknown>, more: Record<string, unknown> = {}): Resource => ({
    apiVersion: "pulumi.com/v1",
    kind: "Stack",
    metadata: { name: "relay" },
    spec: { stack: "prod", ...spec },
    ...more,
});

it("accepts what the operator's definition has", () => {
    const secret = { type: "Secret", secret: { name: "relay", key: "key" } };
    const containers = [{ name: "pulumi", resources: { limits: { cpu: 1, memory: "64Mi" } } }];
    const podTemplate = { spec: { containers, securityContext: { fsGroup: 1000 } } };
    const spec = { refresh: true, resyncFrequencySeconds: 60, envRefs: { KEY: secret }, config: { any: ["thing"] } };
    expect(problemsOf(stack({ ...spec, workspaceTemplate: { spec: { podTemplate } } }))).toEqual([]);
    expect(problemsOf(stack({ workspaceReclaimPolicy: "Delete" }))).toEqual([]);
});

it.each([
    [stack({ refresh: "true" }), 'Stack relay.spec.refresh: "true" is not boolean'],
    [stack({ refrehs: true }), "Stack relay.spec.refrehs is not known"],
    [
        stack({ workspaceReclaimPolicy: "Keep" }),
        'Stack relay.spec.workspaceReclaimPolicy: "Keep" is not =Retain|=Delete',
    ],
    [stack({ envRefs: { KEY: { secret: { key: "k" } } } }), "Stack relay.spec.envRefs.KEY.type is missing"],
    [stack({ targets: "all" }), "Stack relay.spec.targets: it is not a list"],
    [stack({ programRef: "x" }), "Stack relay.spec.programRef: it is not an object"],
    [stack({}, { status: {} }), "Stack relay.status is not known"],
    [{ ...stack({}), apiVersion: "pulumi.com/v2" }, "pulumi.com/v2 Stack is not known"],
    [{ ...stack({}), metadata: {} as Resource["metadata"] }, "Stack: metadata.name is missing"],
])("names the problem %#", (resource, problem) => {
    expect(problemsOf(resource)).toContain(problem);
});
