import type { OutsideLink } from "../../../foundation/route/route.ts";
import type { Person } from "../../customers/model/people.ts";
import type { Customer } from "../../customers/model.ts";
import type { Document } from "../../documents/model.ts";
import type { Decision, Provider } from "../model.ts";

/** A document as a provider is given it. */
export type ApplicantDocument = Pick<Document, "id" | "kind" | "side" | "country" | "realType"> & {
  /** Its bytes in clear. */
  content(): Promise<Buffer>;
};

/** Whom a provider is to review. */
export type Applicant = {
  /** Ours: the verification's. The provider keeps it as its name for the applicant outside. */
  readonly id: string;
  /** How many attempts of this submission failed so far. */
  readonly attempts: number;
  readonly customer: Customer;
  /** Of a business: who directs and owns it. */
  readonly people: readonly Person[];
  readonly documents: readonly ApplicantDocument[];
  /** By which the provider imports the person whom it has verified for somebody else; null where none was given. */
  readonly shareToken: string | null;
  /** To be called before each of many questions: ends the submission where another process has it by now. */
  stillOurs(): Promise<void>;
};

/** What a provider says of an applicant; null while it has not decided. */
export type Report = Decision | null;

/** Of whom a link is asked. */
export type Linked = {
  /** Ours: the verification's. */
  readonly id: string;
  /** `individual.basic` and so on. */
  readonly kind: string;
  /** What the provider calls it. */
  readonly reference: string;
};

/** Headers of a request, in small letters. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * The port that providers outside fill. They wait on the network: never call one under a lock.
 *
 * A webhook is only ever a hint: what a provider decided is always asked of itself, so that doubled, late and
 * disordered ones cannot do harm.
 */
export type OutsideProvider = {
  readonly name: Provider;
  /**
   * Gives it the applicant. Done again for the same id, as after a crash, there is still one applicant.
   *
   * @returns what the provider calls it. @throws ProviderFailure, ShareTokenRefused
   */
  submit(applicant: Applicant): Promise<string>;
  /** Asks what became of an applicant. @throws ProviderFailure */
  fetch(reference: string): Promise<Report>;
  /** Asks for a link by which the person gives it what it still wants. @throws ProviderFailure */
  link(about: Linked): Promise<OutsideLink>;
  /**
   * Reads a webhook.
   *
   * @param now of the real clock.
   * @returns our id of the applicant that it is about; null where it is about none.
   * @throws Refusal `webhook_not_genuine`.
   */
  hear(headers: Headers, body: Buffer, now: Date): string | null;
};

/** A share token is of no use, and will not be. The message is for the organization. */
export class ShareTokenRefused extends Error {}

/** What a provider did not do. The message is for the operator: no secret and nothing personal is in it. */
export class ProviderFailure extends Error {
  /** How long it wants to be left alone, seconds; null where it did not say. */
  readonly retryAfterS: number | null;
  /** Whether it would fail for everybody. */
  readonly isDown: boolean;

  constructor(
    message: string,
    {
      retryAfterS = null,
      isDown = false,
    }: Partial<Pick<ProviderFailure, "retryAfterS" | "isDown">> = {},
  ) {
    super(message);
    this.name = "ProviderFailure";
    this.retryAfterS = retryAfterS;
    this.isDown = isDown;
  }
}
