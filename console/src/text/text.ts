import {computed} from '@preact/signals';
import {language} from '../live/settings';
import {en} from './en';
import type {Catalogue} from './en';
import {zh} from './zh';

/// The words in the language that was chosen. Read inside a component, it follows the choice.
export const text = computed<Catalogue>(() => (language.value === 'zh' ? zh : en));
