/**
 * The link group of every relay's interfaces, whatever the relay's name (`ip link set … group`, IFLA_GROUP of rtnetlink(7)). Two relays on
 * one machine know each other's interfaces by it: the table of each leaves the other's packets to the other's table.
 */
export const LINK_GROUP = 29_047;
