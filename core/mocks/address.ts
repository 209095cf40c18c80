/** The machine of a relay in a unit test. RFC 5737 sets it aside for documentation: no machine has it. */
export const MOCK_ADDRESS = "192.0.2.254";
/** Where `pulumi` runs. */
export const MOCK_CLIENT = "192.0.2.253";
