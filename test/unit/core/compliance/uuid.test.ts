import { URL_NAMESPACE, uuidOf } from "../../../../core/compliance/uuid.js";

test("is what RFC 9562 gives for names", () => {
    // Appendix A.4 of RFC 9562 has the name in the DNS namespace.
    expect(uuidOf("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "www.example.com")).toBe(
        "2ed6657d-e927-568b-95e1-2665a8aea6a2",
    );
    expect(uuidOf(URL_NAMESPACE, "a")).not.toBe(uuidOf(URL_NAMESPACE, "b"));
});
