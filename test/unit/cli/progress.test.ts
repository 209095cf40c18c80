import { Progress } from "../../../cli/progress.js";

function said(times: number[], parts: number): string[] {
    const clock = jest.spyOn(performance, "now");
    clock.mockReturnValue(0);
    const words: string[] = [];
    const stream = { write: (text: string) => words.push(text) } as unknown as NodeJS.WritableStream;
    const progress = new Progress("verifying x", parts, { stdout: stream, stderr: stream });
    for (const time of times) {
        clock.mockReturnValue(time);
        progress.add(1);
    }
    return words;
}

test("a short work is silent, a long one says how far it is, once a second", () => {
    expect(said([100, 500, 1_900], 10)).toEqual([]);
    expect(said([1_900, 2_000, 2_100, 2_999, 3_000, 5_000], 10)).toEqual([
        "verifying x: 20 %\n",
        "verifying x: 50 %\n",
        "verifying x: 60 %\n",
    ]);
});

test("what is done needs no more words", () => {
    expect(said([9_000], 1)).toEqual([]);
    expect(said([9_000], 0)).toEqual([]);
});
