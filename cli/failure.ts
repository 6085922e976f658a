/** Something went wrong that the person at the terminal can do something about: the message says what. */
export class Failure extends Error {}
