import { Fifo } from './fifo.ts';

/** While there is news, every so many keys are one to review: news without end keeps no review waiting for ever. */
const reviewEvery = 4;

/** Keys in two lanes, each first in, first out; those with news overtake those that are only to be reviewed. */
export class Lanes {
  readonly #news = new Fifo<string>();
  /** May still hold keys that have changed lanes. */
  readonly #reviews = new Fifo<string>();
  readonly #toReview = new Set<string>();
  #newsInRow = 0;

  get length(): number {
    return this.#news.length + this.#toReview.size;
  }

  /** The key is in neither lane before. */
  push(key: string, isNews: boolean): void {
    if (isNews) {
      this.#news.push(key);
      return;
    }
    this.#reviews.push(key);
    this.#toReview.add(key);
  }

  /** There is news of the key: it changes lanes if it waits for its review. */
  overtake(key: string): void {
    if (this.#toReview.delete(key)) this.#news.push(key);
  }

  /** Undefined where both lanes are empty. */
  shift(): string | undefined {
    const isReviewDue = this.#newsInRow >= reviewEvery - 1;
    const news = isReviewDue && this.#toReview.size > 0 ? undefined : this.#news.shift();
    this.#newsInRow = news === undefined ? 0 : this.#newsInRow + 1;
    return news ?? this.#shiftReview();
  }

  #shiftReview(): string | undefined {
    for (let key = this.#reviews.shift(); key !== undefined; key = this.#reviews.shift()) {
      if (this.#toReview.delete(key)) return key;
    }
    return undefined;
  }
}
