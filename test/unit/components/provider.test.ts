import { Provider } from "../../../components/index.js";
import { version } from "../../../package.json";
import { runProgram } from "../program.js";

it("is the plugin's, without a configuration", async () => {
    let made: Provider | undefined;
    const { registered } = await runProgram(() => void (made = new Provider("explicit")));
    expect(registered).toMatchObject([{ type: "pulumi:providers:qptunnel", name: "explicit" }]);
    expect((made as unknown as { __version: string }).__version).toBe(version);
});
