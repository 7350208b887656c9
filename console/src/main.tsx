import {render} from 'preact';
import {effect} from '@preact/signals';
import {App} from './app';
import {language, theme} from './live/settings';

effect(() => {
  document.documentElement.lang = language.value === 'zh' ? 'zh-CN' : 'en';
});
effect(() => {
  document.documentElement.dataset['theme'] = theme.value;
});

const place = document.getElementById('app');
if (place) render(<App />, place);
