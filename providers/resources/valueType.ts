/** What a value is: a primitive, a list, a map, one of several, or an object or an enumeration with a name. */
export type ValueType =
    | "string"
    | "integer"
    | "number"
    | "boolean"
    | { list: ValueType }
    | { map: ValueType }
    | { oneOf: [ValueType, ValueType, ...ValueType[]] }
    | { named: string };
