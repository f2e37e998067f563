// Dialogs that the phone shows to its user. `onPrompt` answers them by calling a method of the prompt; without an
// answer, a dialog waits for ever.

/** A dialog with two answers. */
export interface Question<Kind extends string> {
  /** Kind of the dialog. */
  kind: Kind;
  /** Taps "Allow". */
  allow(): void;
  /** Taps "Deny". */
  deny(): void;
}

/** The dialog of a scope. */
export interface ScopePrompt extends Question<'scope'> {
  /** Such as `scope.record`. */
  scope: string;
  /** Whether the dialog carries the privacy checkbox (§1.5). */
  privacy: boolean;
  /** Closes the dialog without an answer. */
  dismiss(): void;
}

/** WeChat's own privacy popup. */
export interface PrivacyPrompt extends Question<'privacy'> {
  /** Name of the privacy guideline. */
  contract: string;
}

/** The operating system's question whether WeChat may use something. */
export interface OsPrompt extends Question<'os'> {
  /** A permission such as `camera`. */
  permission: string;
}

/** The settings page. It lists only scopes that were requested before (§1.4). */
export interface SettingsPrompt {
  /** Kind of the dialog. */
  kind: 'settings';
  /** The answers by scope. */
  grants: Record<string, boolean>;
  /** Turns a listed scope on or off. */
  set(scope: string, granted: boolean): void;
  /** Leaves the page. */
  close(): void;
}

/** The sheet of `getUserProfile`, and of the phone buttons. */
export type SheetPrompt = Question<'profile'> | Question<'phone-number'>;

/** The avatar picker. */
export interface AvatarPrompt {
  /** Kind of the dialog. */
  kind: 'avatar';
  /** Chooses a picture. The default path is a new temporary one; `wx.uploadFile` finds the file there (§1.2). */
  choose(path?: string): void;
  /** Closes the picker. */
  cancel(): void;
}

/** The dialog of `wx.showModal`. */
export interface ModalPrompt {
  /** Kind of the dialog. */
  kind: 'modal';
  /** Title of the dialog. */
  title: string;
  /** Text of the dialog, or initial text of the input. */
  content: string;
  /** Label of the confirm button. */
  confirmText: string;
  /** Label of the cancel button; `undefined` if there is no cancel button. */
  cancelText: string | undefined;
  /** Whether there is an input. */
  editable: boolean;
  /** Taps the confirm button, after typing `text` into the input. */
  confirm(text?: string): void;
  /** Taps the cancel button. */
  cancel(): void;
}

/** The sheet of `wx.showActionSheet`. */
export interface ActionSheetPrompt {
  /** Kind of the dialog. */
  kind: 'action-sheet';
  /** Labels of the items. */
  items: string[];
  /** Taps the item with this index, from 0. */
  pick(index: number): void;
  /** Closes the sheet. */
  cancel(): void;
}

/** A dialog. `kind` discriminates. */
export type Prompt =
  | ScopePrompt
  | PrivacyPrompt
  | OsPrompt
  | SettingsPrompt
  | SheetPrompt
  | AvatarPrompt
  | ModalPrompt
  | ActionSheetPrompt;

/** An `onPrompt` that agrees to every dialog. */
export function agreeToAll(prompt: Prompt): void {
  if (prompt.kind === 'settings') prompt.close();
  else if (prompt.kind === 'avatar') prompt.choose();
  else if (prompt.kind === 'modal') prompt.confirm();
  else if (prompt.kind === 'action-sheet') prompt.pick(0);
  else prompt.allow();
}

/** An `onPrompt` that refuses every dialog. */
export function refuseAll(prompt: Prompt): void {
  if (prompt.kind === 'settings') prompt.close();
  else if ('cancel' in prompt) prompt.cancel();
  else prompt.deny();
}
