/** The command that undoes drift. A plain `pulumi up` compares the program with the state and asks no relay. */
export const REPAIR = "`pulumi up --refresh`";
