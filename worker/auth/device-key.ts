// Device keys as a device shows them: a prefix, so that they are told from passwords, and 32 random bytes.

export const deviceKeyPrefix = "dmk_";
