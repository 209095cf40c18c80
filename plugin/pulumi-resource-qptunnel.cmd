@echo off
rem Pulumi looks for this file on Windows: what pulumi-resource-qptunnel beside it is elsewhere.
node --max-semi-space-size=2 --optimize-for-size "%~dp0..\dist\providers\plugin\main.js" %*
