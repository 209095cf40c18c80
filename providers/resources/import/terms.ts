/** What else is told to a resource that may take an interface over. */
export interface AdoptionTerms {
    /** Whether the program says the MTU. */
    isMtuGiven: boolean;
    /** Families in which its grants let somebody through the relay. */
    forwards: (4 | 6)[];
    /** The differences that the program accepts. */
    accepts?: string;
}
