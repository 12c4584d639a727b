import { defineConfig } from 'eslint/config';

// The rules are listed here because ESLint's recommended set is a separate package.
export default defineConfig({
  languageOptions: {
    globals: {
      AbortController: 'readonly',
      Buffer: 'readonly',
      clearInterval: 'readonly',
      clearTimeout: 'readonly',
      console: 'readonly',
      fetch: 'readonly',
      performance: 'readonly',
      process: 'readonly',
      setInterval: 'readonly',
      setTimeout: 'readonly',
      TextDecoder: 'readonly',
      TextDecoderStream: 'readonly',
      URL: 'readonly',
    },
  },
  linterOptions: { reportUnusedDisableDirectives: 'error' },
  rules: {
    'array-callback-return': 'error',
    'consistent-return': 'error',
    curly: ['error', 'multi-line'],
    eqeqeq: 'error',
    'no-const-assign': 'error',
    'no-dupe-keys': 'error',
    'no-fallthrough': 'error',
    'no-promise-executor-return': 'error',
    'no-shadow': 'error',
    'no-undef': 'error',
    'no-unreachable': 'error',
    'no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
    'no-use-before-define': ['error', { functions: false }],
    'no-useless-assignment': 'error',
    'no-var': 'error',
    'object-shorthand': 'error',
    'prefer-const': 'error',
    'prefer-template': 'error',
    'require-await': 'error',
  },
});
