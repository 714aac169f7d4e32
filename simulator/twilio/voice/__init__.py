"""The simulated telephone network: Twilio's voice API, its TwiML, and the phones of those who call and are called."""
