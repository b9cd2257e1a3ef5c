/** What a guard answers when it says no; the message goes to the model. */
export class HookRefusal extends Error {}
