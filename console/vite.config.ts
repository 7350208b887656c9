import {defineConfig} from 'vite';

// Paths stay relative, so that the console also works behind a proxy that serves it under a prefix. Names carry a hash of the content: the
// coordinator lets browsers keep these files for ever.
export default defineConfig({
  base: './',
  publicDir: false,
  esbuild: {jsx: 'automatic', jsxImportSource: 'preact', legalComments: 'none'},
  build: {
    target: ['chrome123', 'firefox121', 'safari17.5'],
    outDir: 'dist',
    emptyOutDir: true,
    assetsDir: 'console',
    assetsInlineLimit: 0,
    modulePreload: false,
    cssCodeSplit: false,
    reportCompressedSize: false,
  },
  // For work on the console: npx vite, with a coordinator on its usual address.
  server: {proxy: {'/v1': 'http://127.0.0.1:7400', '/metrics': 'http://127.0.0.1:7400'}},
});
