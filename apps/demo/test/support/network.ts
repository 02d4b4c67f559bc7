let used = 0

/** A loopback network that no other test process uses: labs listen on fixed ports of their own addresses. */
export const aNetwork = (): string => `127.${100 + ((process.pid * 7 + used++) % 150)}`
