import type { World } from "./world.js";

/** One thing that the demo shows. */
export interface Step {
    title: string;
    /** What one would type for it. */
    command?: string;
    /** Without it the others make no sense. */
    essential?: true;
    /** Throws when something is not as it should be. */
    run(world: World): Promise<void>;
}
