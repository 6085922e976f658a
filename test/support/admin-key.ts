/** Of brokers under test. */
export const testAdminKey = "a-key-for-tests-that-nobody-else-has";
