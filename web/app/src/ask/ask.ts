import { Store } from "../store.js";

/** A question that stops the page until it is answered. */
export interface Question {
  title: string;
  text?: string;
  /** What is done on yes, as a verb; and what no means. */
  yes: string;
  no: string;
  answer: (yes: boolean) => void;
}

export const question = new Store<Question | undefined>(undefined);

/** Asks; a question that still stands is answered with no. */
export function ask(asked: Omit<Question, "answer">): Promise<boolean> {
  question.get()?.answer(false);
  return new Promise((resolve) => {
    const answer = (yes: boolean) => {
      question.set(undefined);
      resolve(yes);
    };
    question.set({ ...asked, answer });
  });
}
