const DAY = 24 * 60 * 60 * 1000;

/** Whether a third of the certificate's life is over: from then on every apply renews it. */
export function renewalDue(notBefore: string, notAfter: string, now: Date): boolean {
    const start = Date.parse(notBefore);
    return now.getTime() >= start + (Date.parse(notAfter) - start) / 3;
}

/** Whether a certificate ends within the given number of days (default 60), or has ended. */
export function expiresSoon(notAfter: string, now: Date, days = 60): boolean {
    return Date.parse(notAfter) - now.getTime() <= days * DAY;
}

/** Whole days until a certificate ends; negative once it has ended. */
export function daysLeft(notAfter: string, now: Date): number {
    return Math.floor((Date.parse(notAfter) - now.getTime()) / DAY);
}
