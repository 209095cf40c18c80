import { Comments } from "../../../../core/adoption/comments.js";

/** Lines of comments, "" for a blank line. */
function after(...lines: string[]): Comments {
    const comments = new Comments();
    for (const line of lines) {
        if (line === "") comments.blank();
        else comments.add(line);
    }
    return comments;
}

it("what is directly above a peer is the peer's", () => {
    expect(after("heading", "", "alice", "her laptop").above()).toEqual({
        comments: ["alice", "her laptop"],
        shared: false,
    });
    expect(after("heading", "").above()).toEqual({ comments: [], shared: false });
});

it("what touches the section before it may belong to that one", () => {
    const comments = after();
    comments.take();
    comments.add("alice or bob");
    expect(comments.isTrailing()).toBe(true);
    expect(comments.above()).toEqual({ comments: ["alice or bob"], shared: true });
});

it("everything since the last setting belongs to the next one", () => {
    const comments = after("one", "", "two");
    expect(comments.take()).toEqual(["one", "two"]);
    expect(comments.take()).toEqual([]);
});

it("a peer that was switched off is counted, and everything around it up to the next blank line is nobody's", () => {
    const comments = after("bob", "[Peer]", "PublicKey = x", "bob's phone", "", "carol");
    expect(comments.disabled).toBe(1);
    expect(comments.above().comments).toEqual(["carol"]);
    expect(after("[ peer ]", "[PEER]").disabled).toBe(2);
});

it("a setting that was switched off says nothing about who a peer is, but names do", () => {
    expect(after("AllowedIPs = 10.8.0.2/32", "Name = alice").take()).toEqual(["Name = alice"]);
    expect(after("PresharedKey= x", "bob").above()).toEqual({ comments: [], shared: false });
});

it.each(["END_PEER alice", "end alice", "--- End", "# end: bob"])("%s closes a block and is nobody's", (line) => {
    expect(after(line).above().comments).toEqual([]);
});

it("a name that only begins like an end is one", () => {
    expect(after("endeavour").above().comments).toEqual(["endeavour"]);
});
