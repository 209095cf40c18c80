import type { ComponentTable } from "./component.js";

/** Every component that the plugin declares for programs in other languages. */
export const components: ComponentTable = {
    Relay: {
        load: () =>
            (require("../../../components/remote/relay.js") as typeof import("../../../components/remote/relay.js"))
                .relay,
        schema: () => (require("./relaySchema.js") as typeof import("./relaySchema.js")).relaySchema,
    },
};
