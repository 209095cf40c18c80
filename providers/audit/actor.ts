import { userInfo } from "node:os";

/** Where an operation came from, when a pipeline ran it. */
export interface CiRun {
    system: string;
    /** The run's page, without credentials. */
    url?: string;
    commit?: string;
}

type Environment = Record<string, string | undefined>;

/** How one CI system says who, where and what. Only these variables are ever read: an environment is full of secrets. */
interface CiSystem {
    system: string;
    /** Set when this system is the one running. */
    marker: string;
    actor: string;
    url(env: Environment): string | undefined;
    commit: string;
}

const SYSTEMS: readonly CiSystem[] = [
    {
        system: "github",
        marker: "GITHUB_ACTIONS",
        actor: "GITHUB_ACTOR",
        url: (env) =>
            env.GITHUB_SERVER_URL && env.GITHUB_REPOSITORY && env.GITHUB_RUN_ID
                ? `${env.GITHUB_SERVER_URL}/${env.GITHUB_REPOSITORY}/actions/runs/${env.GITHUB_RUN_ID}`
                : undefined,
        commit: "GITHUB_SHA",
    },
    {
        system: "gitlab",
        marker: "GITLAB_CI",
        actor: "GITLAB_USER_LOGIN",
        url: (env) => env.CI_JOB_URL,
        commit: "CI_COMMIT_SHA",
    },
    {
        system: "buildkite",
        marker: "BUILDKITE",
        actor: "BUILDKITE_BUILD_CREATOR",
        url: (env) => env.BUILDKITE_BUILD_URL,
        commit: "BUILDKITE_COMMIT",
    },
    {
        system: "circleci",
        marker: "CIRCLECI",
        actor: "CIRCLE_USERNAME",
        url: (env) => env.CIRCLE_BUILD_URL,
        commit: "CIRCLE_SHA1",
    },
    {
        system: "azure-pipelines",
        marker: "TF_BUILD",
        actor: "BUILD_REQUESTEDFOR",
        url: (env) =>
            env.SYSTEM_COLLECTIONURI && env.SYSTEM_TEAMPROJECT && env.BUILD_BUILDID
                ? `${env.SYSTEM_COLLECTIONURI}${env.SYSTEM_TEAMPROJECT}/_build/results?buildId=${env.BUILD_BUILDID}`
                : undefined,
        commit: "BUILD_SOURCEVERSION",
    },
    {
        system: "jenkins",
        marker: "JENKINS_URL",
        actor: "BUILD_USER_ID",
        url: (env) => env.BUILD_URL,
        commit: "GIT_COMMIT",
    },
];

/** The person behind this process: the pipeline's actor, who called sudo, or the account itself. */
export function currentUser(env: Environment = process.env): string {
    const system = ciSystem(env);
    return (system && env[system.actor]) || env.SUDO_USER || accountName();
}

/** undefined outside of a known CI system. */
export function currentCiRun(env: Environment = process.env): CiRun | undefined {
    const system = ciSystem(env);
    if (system === undefined) return undefined;
    const url = withoutCredentials(system.url(env));
    const commit = env[system.commit];
    return {
        system: system.system,
        ...(url === undefined ? {} : { url }),
        ...(commit === undefined ? {} : { commit }),
    };
}

function ciSystem(env: Environment): CiSystem | undefined {
    return SYSTEMS.find(({ marker }) => env[marker]);
}

function withoutCredentials(text: string | undefined): string | undefined {
    if (text === undefined || !URL.canParse(text)) return undefined;
    const url = new URL(text);
    url.username = "";
    url.password = "";
    return url.href;
}

/** A container's account may have a number and no name. */
function accountName(): string {
    try {
        return userInfo().username;
    } catch {
        return `uid ${process.getuid?.() ?? "unknown"}`;
    }
}
