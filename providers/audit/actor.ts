import { userInfo } from "node:os";

/** Where an operation came from and why, when a pipeline ran it. */
interface CiRun {
    system: string;
    /** The run's page, without credentials. */
    url?: string;
    commit?: string;
    /** Branch or tag. */
    ref?: string;
    /** Number of the pull or merge request. */
    pull_request?: string;
    /** Who released it: a blocked step, a protected environment. */
    approver?: string;
    /** The organisation's own reference: a ticket, a change. */
    change?: string;
}

type Environment = Record<string, string | undefined>;

/** How one CI system says who, where, what and why. Only these variables are ever read: an environment is full of secrets. */
interface CiSystem {
    system: string;
    /** Set when this system is the one running. */
    marker: string;
    actor: string;
    url(env: Environment): string | undefined;
    commit: string;
    ref: string;
    pullRequest(env: Environment): string | undefined;
    approver?: string;
}

/** What the organisation itself may say, in any system and in none. */
const APPROVER = "QPTUNNEL_APPROVER";
const CHANGE = "QPTUNNEL_CHANGE";

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
        ref: "GITHUB_REF_NAME",
        pullRequest: (env) => /^refs\/pull\/(\d+)\//.exec(env.GITHUB_REF ?? "")?.[1],
    },
    {
        system: "gitlab",
        marker: "GITLAB_CI",
        actor: "GITLAB_USER_LOGIN",
        url: (env) => env.CI_JOB_URL,
        commit: "CI_COMMIT_SHA",
        ref: "CI_COMMIT_REF_NAME",
        pullRequest: (env) => env.CI_MERGE_REQUEST_IID,
    },
    {
        system: "buildkite",
        marker: "BUILDKITE",
        actor: "BUILDKITE_BUILD_CREATOR",
        url: (env) => env.BUILDKITE_BUILD_URL,
        commit: "BUILDKITE_COMMIT",
        ref: "BUILDKITE_BRANCH",
        pullRequest: (env) => env.BUILDKITE_PULL_REQUEST?.replace(/^false$/, ""),
        approver: "BUILDKITE_UNBLOCKER",
    },
    {
        system: "circleci",
        marker: "CIRCLECI",
        actor: "CIRCLE_USERNAME",
        url: (env) => env.CIRCLE_BUILD_URL,
        commit: "CIRCLE_SHA1",
        ref: "CIRCLE_BRANCH",
        pullRequest: (env) => /\/(\d+)$/.exec(env.CIRCLE_PULL_REQUEST ?? "")?.[1],
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
        ref: "BUILD_SOURCEBRANCHNAME",
        pullRequest: (env) => env.SYSTEM_PULLREQUEST_PULLREQUESTNUMBER,
    },
    {
        system: "jenkins",
        marker: "JENKINS_URL",
        actor: "BUILD_USER_ID",
        url: (env) => env.BUILD_URL,
        commit: "GIT_COMMIT",
        ref: "GIT_BRANCH",
        pullRequest: (env) => env.CHANGE_ID,
    },
];

/** The person behind this process: the pipeline's actor, who called sudo, or the account itself. */
export function currentUser(env: Environment = process.env): string {
    const system = ciSystem(env);
    return (system && env[system.actor]) || env.SUDO_USER || accountName();
}

/** undefined outside of a known CI system, unless the organisation's own variables say something. */
export function currentCiRun(env: Environment = process.env): CiRun | undefined {
    const system = ciSystem(env);
    const own = { ...text("approver", env[APPROVER]), ...text("change", env[CHANGE]) };
    if (system === undefined) return Object.keys(own).length === 0 ? undefined : { system: "none", ...own };
    return {
        system: system.system,
        ...text("url", withoutCredentials(system.url(env))),
        ...text("commit", env[system.commit]),
        ...text("ref", env[system.ref]),
        ...text("pull_request", system.pullRequest(env)),
        ...text("approver", system.approver === undefined ? undefined : env[system.approver]),
        ...own,
    };
}

function ciSystem(env: Environment): CiSystem | undefined {
    return SYSTEMS.find(({ marker }) => env[marker]);
}

/** Not even a query stays: it may hold a token. Only the number of a build is needed to find its page. */
function withoutCredentials(text: string | undefined): string | undefined {
    if (text === undefined || !URL.canParse(text)) return undefined;
    const url = new URL(text);
    const build = url.searchParams.get("buildId");
    url.username = "";
    url.password = "";
    url.hash = "";
    url.search = build !== null && /^\d+$/.test(build) ? `buildId=${build}` : "";
    return url.href;
}

function text<Key extends keyof CiRun>(key: Key, value: string | undefined): Partial<Record<Key, string>> {
    const empty = value === undefined || value === "";
    return (empty ? {} : { [key]: value.slice(0, 200) }) as Partial<Record<Key, string>>;
}

/** A container's account may have a number and no name. */
function accountName(): string {
    try {
        return userInfo().username;
    } catch {
        return `uid ${process.getuid?.() ?? "unknown"}`;
    }
}
